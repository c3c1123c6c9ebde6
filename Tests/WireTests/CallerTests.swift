import Domain
import GRPCCore
import Testing
import Wire

@Suite struct CallerTests {
    private let grant = Grant(name: "alice", scopes: [.images, .labelOff], models: ["GLM-图"], perMinute: 6, quota: 9, weight: 2.5)

    @Test("a handler finds the caller in the call's metadata as the door has written it, in place of what the caller wrote")
    func metadata() {
        for caller in [Caller(grant), Caller(identity: "unix:0/1"), .none] {
            var metadata: Metadata = ["glm-caller": "{\"identity\":\"unix:0/1\"}"]
            ServerCall(requestID: "a", method: "m", caller: caller).mark(&metadata)
            #expect(ServerCall(metadata: metadata, method: "m").caller == caller)
        }
    }

    @Test("what is no caller is a call within the process", arguments: ["", "unix:0/1", "{", "{}", "[1]"])
    func malformed(text: String) {
        #expect(ServerCall(metadata: ["glm-caller": .string(text)], method: "m").caller == .none)
    }

    @Test(
        "a key, whatever its name, makes nobody local; without the explicit label images are for its scope and for the Unix socket"
    )
    func rights() {
        let others = [Caller(Grant(name: "unix.0", scopes: [.images])), Caller(identity: "ipv4:10.0.0.7")]
        #expect(Caller(identity: "unix:0/1").isLocal && !others.contains { $0.isLocal })
        #expect(Caller(grant).mayOmitLabel && Caller(identity: "unix:0/1").mayOmitLabel && !others.contains { $0.mayOmitLabel })
    }
}

@Suite struct BearerTokenTests {
    @Test("one header with one key is read, whatever the case of its scheme", arguments: ["Bearer glm-a_b", "bearer glm-a_b", "BEARER   glm-a_b"])
    func read(value: String) { #expect(BearerToken.read([value]) == "glm-a_b") }

    @Test("Z.ai's keys, with a point between id and secret, are compared whole")
    func point() { #expect(BearerToken.read(["Bearer id.secret"]) == "id.secret") }

    @Test(
        "what is not one key is none",
        arguments: [
            [], [""], ["Bearer"], ["Bearer "], ["glm-a"], ["Basic glm-a"], ["Bearer a b"], ["Bearer a", "Bearer a"], ["Bearer a\tb"], ["Bearer é"],
            ["Bearer " + String(repeating: "a", count: BearerToken.limit + 1)],
        ] as [[String]])
    func none(values: [String]) { #expect(BearerToken.read(values) == nil) }

    @Test(
        "a text that no header can hold is refused", arguments: ["", "a b", "a\r\nx: y", "é", String(repeating: "a", count: BearerToken.limit + 1)])
    func value(text: String) { #expect(throws: WireError.self) { try BearerToken.value(text) } }
}

@Suite struct LoopbackTests {
    @Test(
        "what only this machine can reach", arguments: ["unix:/run/x", "127.0.0.1:1", "127.8.9.250:1", "localhost:1", "LocalHost:1", "[::1]:1"])
    func loopback(text: String) throws { #expect(try Address(parsing: text).isLoopback) }

    @Test(
        "what others may reach, and what only looks like this machine",
        arguments: [
            "0.0.0.0:1", "[::]:1", "10.0.0.7:1", "127.0.0.1.example.com:1", "127.example:1", "localhost.example:1", "127.0.0.999:1", "127.1:1",
        ])
    func elsewhere(text: String) throws { #expect(try !Address(parsing: text).isLoopback) }
}

import Testing
import Wire

@Suite struct AddressTests {
    @Test(
        "addresses are read as gRPC writes them",
        arguments: [
            ("unix:/run/glm/text-0.sock", Address.unix(path: "/run/glm/text-0.sock")),
            ("unix:text.sock", .unix(path: "text.sock")),
            ("unix:///run/a.sock", .unix(path: "/run/a.sock")),
            ("localhost:50051", .tcp(host: "localhost", port: 50051)),
            ("tcp:10.0.0.1:1", .tcp(host: "10.0.0.1", port: 1)),
            ("[::1]:80", .tcp(host: "::1", port: 80)), ("https://glm.example:443", .tls(host: "glm.example", port: 443)),
            ("https://[::1]:1", .tls(host: "::1", port: 1)),
        ])
    func reading(text: String, address: Address) throws {
        #expect(try Address(parsing: text) == address)
        #expect(try Address(parsing: address.description) == address)
    }

    @Test(
        "what is no address is refused",
        arguments: ["", "unix:", "host", "host:", "host:http", "host:65536", "host:-1", ":80", "::1:80", "https://", "https://host", "https://:1"])
    func refusing(text: String) {
        #expect(throws: WireError.self) { try Address(parsing: text) }
    }

    @Test("a socket's path may have 107 bytes and no more")
    func pathLength() throws {
        let longest = "/" + String(repeating: "a", count: 106)
        #expect(try Address(parsing: "unix:" + longest) == .unix(path: longest))
        #expect(throws: WireError(.invalidAddress, "the path of a Unix socket has 108 bytes; at most 107: \(longest)a")) {
            try Address(parsing: "unix:\(longest)a")
        }
    }
}

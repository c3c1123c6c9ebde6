import Domain
import Foundation
import Keys
import Logging
import ServerKit
import Testing
import Wire

/// A key file of a test's own, with keys whose texts are their names.
struct TemporaryKeys {
    let folder = makeTemporaryFolder()
    var path: String { folder + "/keys.json" }

    init(_ keys: [Key]) throws {
        try KeyFile.edit(path, isNew: true) { ring throws(KeyError) in ring = try KeyRing(keys) }
    }

    init(_ scopes: [String: Set<Scope>]) throws {
        try self.init(scopes.sorted { $0.key < $1.key }.map { Key(Grant(name: $0.key, scopes: $0.value), text: $0.key) })
    }

    func rule() throws -> AccessRule {
        AccessRule(keys: try KeyFile(path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }
}

@Suite struct AccessRuleTests {
    private let remote = Caller(identity: "ipv4:10.0.0.7"), local = Caller(identity: "unix:0/1")

    private func status(_ body: () throws -> Caller) -> CallStatus? {
        do { _ = try body() } catch { return (error as? CallError)?.status }
        return nil
    }

    @Test("with keys, each scope opens what takes it and nothing else", arguments: Scope.allCases)
    func scopes(scope: Scope) throws {
        let keys = try TemporaryKeys(["k": [scope]])
        defer { keys.remove() }
        let rule = try keys.rule()
        for wanted in Scope.allCases {
            let status = status { try rule.admit(remote, authorization: ["Bearer k"], to: .scope(wanted), "m") }
            #expect(status == (wanted == scope ? nil : .permissionDenied), "\(scope) for \(wanted)")
        }
        #expect(try rule.admit(remote, authorization: ["Bearer k"], to: .anyKey, "m").identity == "key:k")
    }

    @Test(
        "over a network a key that is missing, wrong or doubled is no key; what is for everybody takes none",
        arguments: [[], ["Bearer x"], ["Bearer "], ["k"], ["Bearer k", "Bearer k"], ["Basic k"]])
    func unauthenticated(authorization: [String]) throws {
        let keys = try TemporaryKeys(["k": Set(Scope.allCases)])
        defer { keys.remove() }
        let rule = try keys.rule()
        for access in Scope.allCases.map(Access.scope) + [.anyKey] {
            #expect(status { try rule.admit(remote, authorization: authorization, to: access, "m") } == .unauthenticated)
        }
        #expect(try rule.admit(remote, authorization: authorization, to: .everybody, "m") == remote)
    }

    @Test("on the Unix socket nobody needs a key, and one that is sent counts")
    func unixSocket() throws {
        let keys = try TemporaryKeys(["k": [.chat]])
        defer { keys.remove() }
        let rule = try keys.rule()
        #expect(try rule.admit(local, authorization: [], to: .scope(.fleetWrite), "m") == local)
        #expect(status { try rule.admit(local, authorization: ["Bearer k"], to: .scope(.fleetWrite), "m") } == .permissionDenied)
        #expect(status { try rule.admit(local, authorization: ["Bearer x"], to: .scope(.chat), "m") } == .unauthenticated)
        #expect(try rule.admit(local, authorization: ["Bearer k"], to: .scope(.chat), "m").grant?.name == "k")
    }

    @Test("a key that has expired is refused, and one that will is not yet")
    func expiry() throws {
        let keys = try TemporaryKeys(
            [("past", -1.0), ("future", 3600.0)].map {
                Key(Grant(name: $0.0, scopes: [.chat]), text: $0.0, expires: Date(timeIntervalSinceNow: $0.1))
            })
        defer { keys.remove() }
        let rule = try keys.rule()
        #expect(throws: CallError(.unauthenticated, "the key has expired")) {
            try rule.admit(remote, authorization: ["Bearer past"], to: .scope(.chat), "m")
        }
        #expect(try rule.admit(remote, authorization: ["Bearer future"], to: .scope(.chat), "m").grant?.name == "future")
    }

    @Test("without keys nobody is asked for one, a header of any text is no key, and operators alone see and change the fleet")
    func noKeys() throws {
        let rule = AccessRule(keys: nil), admin = AccessRule(admin: true, keys: nil)
        for authorization in [[], ["Bearer none"]] {
            for scope in Scope.allCases {
                let status = status { try rule.admit(remote, authorization: authorization, to: .scope(scope), "m") }
                #expect(status == (scope.isForOperators ? .permissionDenied : nil))
                #expect(try rule.admit(local, authorization: authorization, to: .scope(scope), "m") == local)
                #expect(try admin.admit(remote, authorization: authorization, to: .scope(scope), "m") == remote)
            }
        }
    }

    @Test("others' jobs are for operators: the Unix socket, --admin, and keys that may change the fleet")
    func operators() throws {
        let rule = AccessRule(keys: nil)
        #expect(rule.isOperator(local) && !rule.isOperator(remote) && AccessRule(admin: true, keys: nil).isOperator(remote))
        #expect(rule.isOperator(Caller(Grant(name: "k", scopes: [.fleetWrite]))))
        #expect(!rule.isOperator(Caller(Grant(name: "k", scopes: [.images, .chat, .fleetRead, .labelOff]))))
    }
}

@Suite(.timeLimit(.minutes(1))) struct KeyedServerTests {
    @Test("a server on TCP with keys tells health to everybody, and ends for the key that may end it alone")
    func server() async throws {
        let keys = try TemporaryKeys(["reader": [.fleetRead], "writer": [.fleetWrite]])
        defer { keys.remove() }
        let fixture = try await Fixture.start([], listen: "127.0.0.1:0", keys: keys.path)
        for (key, status) in [(nil, .unauthenticated), ("nobody", .unauthenticated), ("reader", .permissionDenied)] as [(String?, CallStatus)] {
            let connection = try StageConnection(to: fixture.server.address, key: key)
            #expect(try await HealthClient(connection).check() == .serving)
            let refusal = await #expect(throws: CallError.self) { try await StageClient(connection).drain(DrainRequest()) }
            #expect(refusal?.status == status)
            await connection.close()
        }
        let writer = try StageConnection(to: fixture.server.address, key: "writer")
        _ = try await StageClient(writer).drain(DrainRequest())
        try await fixture.served.value
        await writer.close()
        try await fixture.stop()
    }

    @Test("work that fails has used nothing of the day's images; work whose caller left has")
    func counting() async throws {
        let folder = makeTemporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let usage = KeyUsage(folder: folder, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let caller = Caller(Grant(name: "k", scopes: [.images], quota: 2))
        for _ in 0..<5 {
            await #expect(throws: CallError.self) {
                try await usage.counting(2, for: caller) { () throws -> Void in throw CallError(.unavailable, "") }
            }
        }
        await #expect(throws: CallError.self) {
            try await usage.counting(for: caller) { () throws -> Void in throw CallError(.cancelled, "") }
        }
        await #expect(throws: CancellationError.self) {
            try await usage.counting(for: caller) { () throws -> Void in throw CancellationError() }
        }
        await #expect(throws: UsageRefusal.self) { try await usage.counting(for: caller) {} }
        try await usage.counting(99, for: Caller(identity: "unix:0/1")) {}
    }
}

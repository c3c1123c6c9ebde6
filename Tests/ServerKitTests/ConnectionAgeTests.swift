import Domain
import ServerKit
import TestSupport
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct ConnectionAgeTests {
    @Test("connections get a tenth more or less than the limit, each its own; without a limit none")
    func jitter() {
        let age = ConnectionAge(.seconds(600))
        #expect(age.at(0) == .seconds(540) && age.at(0.5) == .seconds(600) && age.at(1) == .seconds(660))
        #expect(Set((0..<20).map { _ in age.draw() }).count > 1)
        #expect(ConnectionAge.unlimited.draw() == nil && ConnectionAge.unlimited.at(1) == nil)
    }

    @Test("a TCP connection that has become too old takes no further call, but the call on it is finished")
    func retires() async throws {
        let fixture = try await Fixture.start([.hold], listen: "127.0.0.1:0", connectionAge: ConnectionAge(.seconds(1)))
        guard case .tcp(_, let port) = fixture.server.address else { preconditionFailure("\(fixture.server.address)") }
        let call = Task { try await fixture.text.generate(Fixture.request) }
        await fixture.waitUntilBegun()
        // Until it is surely too old.
        try await Task.sleep(for: .seconds(1.2))
        // Another call opens another one beside it.
        _ = try await StageClient(fixture.connection).describe(CallSettings(timeout: .seconds(30), waitForReady: true))
        #expect(try TCPTable.accepted(port: port) == 2)
        fixture.release.finish()
        #expect(try await call.value.target.codes == [1])
        while try TCPTable.accepted(port: port) > 1 { try await Task.sleep(for: .milliseconds(5)) }
        try await fixture.stop()
    }
}

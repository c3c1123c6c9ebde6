import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOCore
import Sockets
import Synchronization
import TLS

/// The HTTP/2 connections to one process: one takes new calls. Before callers that leave have used up its ``ResetBudget``, a fresh one takes
/// its place, and it closes when its calls have ended.
final class ConnectionPool: Sendable {
    typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

    private struct Connection {
        let client: Client
        let running: Task<Void, Never>
        var budget = ResetBudget()

        init(to address: Address, _ security: ConnectionSecurity) throws {
            let target: any ResolvableTarget
            switch address {
            case .unix(let path):
                try Address.checkPath(path)
                target = .unixDomainSocket(path: path, authority: "localhost")
            case .tcp(let host, let port), .tls(let host, let port):
                target = .dns(host: host, port: port)
            }
            var config = HTTP2ClientTransport.Posix.Config.tuned
            config.channelDebuggingCallbacks.onCreateTCPConnection = { channel in
                channel.eventLoop.makeCompletedFuture {
                    try security.prepare(channel)
                    try channel.pipeline.syncOperations.addHandler(VanishedPeer(.caller), position: .first)
                }
            }
            let client = GRPCClient(transport: try HTTP2ClientTransport.Posix(target: target, transportSecurity: security.kind, config: config))
            self.client = client
            running = Task { try? await client.runConnections() }
        }
    }

    private struct State {
        /// By number; the last one takes new calls.
        var connections: [Int: Connection]
        var last = 0
        var isClosed = false
    }

    private let address: Address
    private let security: ConnectionSecurity
    private let state: Mutex<State>

    init(to address: Address, tls: ClientTLS?, name: String?) throws {
        self.address = address
        security = try ConnectionSecurity(address, tls, name: name)
        state = Mutex(State(connections: [0: try Connection(to: address, security)]))
    }

    /// See ``StageConnection/problem``.
    var problem: String? { security.problem }

    deinit {
        for connection in state.withLock({ $0.connections.values }) { connection.client.beginGracefulShutdown() }
    }

    /// Lets calls under way come to their end, then closes.
    func close() async {
        let connections = state.withLock { state in
            state.isClosed = true
            return state.connections.values
        }
        for connection in connections {
            connection.client.beginGracefulShutdown()
            // One that was never used may not have begun to run: the library would then wait for an end that it has missed.
            if connection.budget.open == 0 { connection.running.cancel() }
        }
        for connection in connections { await connection.running.value }
    }

    /// Runs a call on the connection that takes new ones.
    func call<R: Sendable>(_ body: (Client) async throws -> R) async throws -> R {
        let (number, client) = try begin()
        do {
            let result = try await body(client)
            end(number, isReset: false)
            return result
        } catch {
            end(number, isReset: Self.isReset(error))
            throw error
        }
    }

    private func begin() throws -> (number: Int, client: Client) {
        let (number, client, spent) = try state.withLock { state -> (Int, Client, Client?) in
            guard var connection = state.connections[state.last] else { throw CallError(.unavailable, "the connection to \(address) is closed") }
            var spent: Client?
            if !state.isClosed, !connection.budget.takesCall(now: .now) {
                let fresh = try Connection(to: address, security)
                if connection.budget.open == 0 { spent = state.connections.removeValue(forKey: state.last)?.client }
                connection = fresh
                state.last += 1
            }
            connection.budget.began()
            state.connections[state.last] = connection
            return (state.last, connection.client, spent)
        }
        spent?.beginGracefulShutdown()
        return (number, client)
    }

    private func end(_ number: Int, isReset: Bool) {
        let spent = state.withLock { state -> Client? in
            state.connections[number]?.budget.ended(isReset: isReset, now: .now)
            guard number != state.last, state.connections[number]?.budget.open == 0 else { return nil }
            return state.connections.removeValue(forKey: number)?.client
        }
        spent?.beginGracefulShutdown()
    }

    /// Whether a call that failed with the error may have been given up at this end. A status that the server sent ends a stream by itself.
    private static func isReset(_ error: any Error) -> Bool {
        switch error {
        case let error as RPCError: error.code == .cancelled || error.code == .deadlineExceeded
        case is RuntimeError: false
        default: true
        }
    }
}

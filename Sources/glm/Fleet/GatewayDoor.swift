import ServerKit
import Synchronization
import TLS
import Wire

/// Where a gateway may be, and what is found there: one that serves, starts, drains, hangs or may not be entered, or none.
struct GatewayDoor: Sendable {
    enum Need {
        /// An answer, whatever state it is in.
        case answers
        /// Images.
        case serves
    }

    enum Found {
        case gateway(RunningGateway)
        case nobody(reason: String)
    }

    let address: Address
    /// Text of the caller's key; nil: none.
    let key: String?
    /// For an address of TLS.
    var tls: ClientTLS?
    /// Shows what is waited for.
    let say: @Sendable (String) -> Void

    /// For one answer.
    private static let patience = Duration.seconds(5)
    /// For a gateway that somebody names, where nobody listens: it may be between its end and its start.
    private static let absence = Duration.seconds(5)
    private static let pause = Duration.milliseconds(100)

    /// Waits for a gateway that starts, or that another one follows, as long as it answers.
    /// - Parameters:
    ///   - isNamed: somebody has named its address, and means it to be there.
    ///   - wasSeen: it has answered before.
    /// - Throws: `ClientError`, which says why the gateway that is there is none to work with.
    func open(_ need: Need, isNamed: Bool = false, wasSeen: Bool = false) async throws -> Found {
        var wait = GatewayWait("\(address)", absence: isNamed && need == .serves ? Self.absence : .zero, wasSeen: wasSeen, now: .now)
        while true {
            var reason = ""
            let sighting: GatewayWait.Sighting
            switch await ConnectAttempt.make(to: address, within: Self.patience) {
            case .failed(let reason): throw nobodyAnswers(reason)
            case .refused(let words):
                reason = words
                sighting = isOwned ? .silent : .absent
            case .connected:
                let gateway = RunningGateway(door: self, connection: try StageConnection(to: address, key: key, tls: tls))
                switch try await state(gateway.connection) {
                case nil: sighting = .silent
                case .serving: return .gateway(gateway)
                case _ where need == .answers: return .gateway(gateway)
                case .draining: sighting = .draining
                case .starting, .unspecified: sighting = .starting
                }
            }
            switch wait.saw(sighting, now: .now) {
            case .wait(let words): if let words { say(words) }
            case .absent: return .nobody(reason: reason)
            case .failed(let words): throw ClientError(words)
            }
            // Those who wait for the same gateway don't come back together.
            try await Task.sleep(for: Self.pause * Double.random(in: 0.5...1.5))
        }
    }

    /// A process has the address, whether it listens already or not.
    private var isOwned: Bool { if case .unix(let path) = address { ListeningSocket.hasOwner(path: path) } else { false } }

    /// - Throws: `ClientError` also where there is none.
    func openExisting(_ need: Need, wasSeen: Bool = false) async throws -> RunningGateway {
        switch try await open(need, isNamed: true, wasSeen: wasSeen) {
        case .gateway(let gateway): return gateway
        case .nobody(let reason): throw nobodyAnswers(reason)
        }
    }

    func nobodyAnswers(_ reason: String) -> ClientError { ClientError("no gateway answers at \(address): \(reason)") }

    /// Nil: the connection broke before an answer, or nobody has taken it yet.
    private func state(_ connection: StageConnection) async throws -> StageState? {
        let settings = CallSettings(timeout: Self.patience)
        do {
            if try await HealthClient(connection).check(service: Methods.Gateway.service, settings) == .serving { return .serving }
            return try await StageClient(connection).describe(settings).state
        } catch let error as CallError {
            switch error.status {
            case .unavailable:
                // It would be the same after a while.
                if let problem = connection.problem { throw nobodyAnswers(problem) }
                return nil
            case .deadlineExceeded:
                // Connections wait in a socket that the service manager holds open, until the next process takes them.
                if case .unix = address, !isOwned { return nil }
                throw nobodyAnswers("the process there has not answered for \(Int(Self.patience.inSeconds)) s; it hangs, or was stopped")
            case .notFound, .unimplemented: throw ClientError("what answers at \(address) is no gateway")
            default: throw nobodyAnswers(error.message)
            }
        }
    }
}

/// A gateway that has answered, or the one that has followed it.
final class RunningGateway: Sendable {
    private let door: GatewayDoor
    private let isPrivate: Bool
    private let current: Mutex<StageConnection>

    /// - Parameter isPrivate: it is this program's own, and no other follows it.
    init(door: GatewayDoor, connection: StageConnection, isPrivate: Bool = false) {
        self.door = door
        self.isPrivate = isPrivate
        current = Mutex(connection)
    }

    var connection: StageConnection { current.withLock { $0 } }

    /// Makes a call. Where the gateway drains, or is gone, waits for the next one and makes it again: a bounded number of times.
    /// - Parameter isSafe: asked before each further try: whether to make the call twice does no more than to make it once.
    /// - Throws: `ClientError` for what the gateway says, and what `call` throws beside.
    func calling<R: Sendable>(
        while isSafe: @Sendable () -> Bool = { true }, _ call: @Sendable (StageConnection) async throws -> R
    ) async throws -> R {
        var retries = CallRetries()
        while true {
            do {
                return try await call(connection)
            } catch let error as CallError {
                guard !isPrivate, isSafe(), let pause = retries.pause(after: error, jitter: .random(in: 0...1)) else { throw await explained(error) }
                try await Task.sleep(for: pause)
                let next = try await door.openExisting(.serves, wasSeen: true).connection
                current.withLock { $0 = next }
            }
        }
    }

    /// What the end of a call means: a stage that is missing and a gateway that is missing are the same status.
    private func explained(_ error: CallError) async -> ClientError {
        switch error.status {
        case .unavailable:
            do {
                _ = try await door.openExisting(.answers)
                return ClientError(error)
            } catch {
                return error as? ClientError ?? ClientError("\(error)")
            }
        case .deadlineExceeded: return ClientError("the gateway at \(door.address) did not answer in time")
        default: return ClientError(error)
        }
    }
}

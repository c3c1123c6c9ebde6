import ServerKit
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
    /// For a process that owns the address to listen there.
    private static let startPatience = Duration.seconds(30)
    private static let pause = Duration.milliseconds(100)

    /// Waits for a gateway that starts, as long as it answers.
    /// - Throws: `ClientError`, which says why the gateway that is there is none to work with.
    func open(_ need: Need) async throws -> Found {
        var lastSign = ContinuousClock.now
        var hasStarted = false
        func wait() {
            if !hasStarted { say("the gateway at \(address) starts; waiting for it") }
            hasStarted = true
        }
        while true {
            switch await ConnectAttempt.make(to: address, within: Self.patience) {
            case .failed(let reason): throw nobodyAnswers(reason)
            case .refused(let reason):
                guard case .unix(let path) = address, ListeningSocket.hasOwner(path: path) else {
                    if hasStarted { throw ClientError("the gateway at \(address) ended while it started; its log says why") }
                    return .nobody(reason: reason)
                }
                wait()
            case .connected:
                let gateway = RunningGateway(door: self, connection: try StageConnection(to: address, key: key, tls: tls))
                switch try await state(gateway.connection) {
                case nil: break
                case .serving: return .gateway(gateway)
                case _ where need == .answers: return .gateway(gateway)
                case .draining: throw ClientError("the gateway at \(address) drains: it finishes what it has and takes no new requests")
                case .starting, .unspecified:
                    wait()
                    lastSign = .now
                }
            }
            guard lastSign.duration(to: .now) < Self.startPatience else {
                throw nobodyAnswers("a process is there, but has not listened for \(Int(Self.startPatience.inSeconds)) s")
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    /// - Throws: `ClientError` also where there is none.
    func openExisting(_ need: Need) async throws -> RunningGateway {
        switch try await open(need) {
        case .gateway(let gateway): return gateway
        case .nobody(let reason): throw nobodyAnswers(reason)
        }
    }

    func nobodyAnswers(_ reason: String) -> ClientError { ClientError("no gateway answers at \(address): \(reason)") }

    /// Nil: the connection broke before an answer.
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
                throw nobodyAnswers("the process there has not answered for \(Int(Self.patience.inSeconds)) s; it hangs, or was stopped")
            case .notFound, .unimplemented: throw ClientError("what answers at \(address) is no gateway")
            default: throw nobodyAnswers(error.message)
            }
        }
    }
}

/// A gateway that has answered.
struct RunningGateway: Sendable {
    let door: GatewayDoor
    let connection: StageConnection

    /// What the end of a call means: a stage that is missing and a gateway that is missing are the same status.
    func explained(_ error: CallError) async -> ClientError {
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

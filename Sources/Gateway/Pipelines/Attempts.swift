package import Wire

/// How often one request may lose its stage, and where it goes next: the decisions, without clocks.
///
/// To compute again is safe: the same request gives the same answer on any stage of the same model.
package struct Attempts: Sendable, Hashable {
    package enum Verdict: Sendable, Hashable {
        /// Take another slot after the pause.
        case again(after: Duration)
        case giveUp(CallError)
    }

    /// A request that has lost this many stages fails.
    package static let limit = 6
    /// A request that has lost this many stages gets one for itself, so that a crash it causes affects no other request.
    package static let shared = 2

    /// Processes that have failed it.
    package private(set) var avoid: Set<Registry.Incarnation> = []
    /// Calls that failed.
    package private(set) var failures = 0

    package init() {}

    /// Nothing has failed yet.
    package var isFirst: Bool { self == Attempts() }

    package var needsIsolation: Bool { failures >= Self.shared }

    /// A call to a stage has failed.
    package mutating func failed(_ error: CallError, at replica: Registry.Replica) -> Verdict {
        switch error.status {
        case .invalidArgument, .failedPrecondition, .unimplemented, .deadlineExceeded:
            // The request's own fault, or nothing that another stage could do better.
            return .giveUp(Self.naming(replica, error))
        case .resourceExhausted:
            return .again(after: min(error.retryAfter ?? .milliseconds(200), .seconds(5)))
        case .unavailable where error.retryAfter != nil:
            // It says that it starts or drains: no fault of the request.
            return .again(after: .milliseconds(20))
        default:
            failures += 1
            avoid.insert(replica.incarnation)
            guard failures < Self.limit else {
                return .giveUp(
                    CallError(
                        .aborted,
                        "given up: \(failures) stages failed while they computed this request, the last was \(replica.name): \(error.message)"))
            }
            return .again(after: .milliseconds(20 << min(failures, 6)))
        }
    }

    /// Whether the failure may be the stage's fault.
    package static func isSuspicious(_ error: CallError) -> Bool {
        switch error.status {
        case .invalidArgument, .failedPrecondition, .unimplemented, .deadlineExceeded, .resourceExhausted: false
        default: error.retryAfter == nil
        }
    }

    private static func naming(_ replica: Registry.Replica, _ error: CallError) -> CallError {
        var error = error
        // A user's mistake speaks of the request; everything else of the stage.
        if error.status != .invalidArgument { error.message = "stage \(replica.name): \(error.message)" }
        return error
    }
}

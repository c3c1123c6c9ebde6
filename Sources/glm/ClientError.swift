import Wire

/// Why a command failed: one line for a person.
struct ClientError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }

    /// A gateway's answer in plain words; the message already names field, limit and value where there are any.
    init(_ error: CallError) {
        let again = error.retryAfter.map { "; try again in \(max(1, Int($0.inSeconds.rounded(.up)))) s" } ?? ""
        description =
            switch error.status {
            case .invalidArgument: error.message
            case .resourceExhausted: "the fleet is full: \(error.message)\(again)"
            case .unavailable: "\(error.message)\(again)"
            case .deadlineExceeded: "it took longer than allowed: \(error.message)"
            case .failedPrecondition: error.message
            case .cancelled: "the request was cancelled: \(error.message)"
            default: "the fleet failed (\(error.status)): \(error.message)"
            }
    }
}

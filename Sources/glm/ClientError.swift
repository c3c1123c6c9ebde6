import ArgumentParser
import Domain
import Wire

/// Why a command failed: one line for a person, whoever wrote parts of it.
struct ClientError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description.printable }

    /// A gateway's answer in plain words; the message already names field, limit and value where there are any.
    init(_ error: CallError) {
        let again = error.retryAfter.map { "; try again in \(max(1, $0.inSeconds.rounded(.up)).roundedText) s" } ?? ""
        switch error.status {
        case .unauthenticated: self.init("\(error.message); --key-file names the file of one, GLM_API_KEY holds one")
        case .cancelled: self.init("the request was cancelled: \(error.message)")
        case .internalError, .unknown: self.init("the fleet failed: \(error.message)")
        default: self.init(error.message + again)
        }
    }
}

/// Runs a check of values that were typed: one outside its limits is wrong usage.
func checkUsage(_ check: () throws(RequestError) -> Void) throws {
    do { try check() } catch { throw ValidationError(error.message) }
}

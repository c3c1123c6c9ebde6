/// Why a stage's process is of no use any more, and another takes its place.
package enum Defect: Sendable, Hashable, CustomStringConvertible {
    /// It did not complete the smallest request.
    case failedProbe(String)
    /// It made nothing of a request for too long.
    case stalled(String)
    /// It doesn't say what it is when it is asked.
    case silent(String)

    package var description: String {
        switch self {
        case .failedProbe(let finding): "failed the smallest request: \(finding)"
        case .stalled(let problem), .silent(let problem): problem
        }
    }
}

/// What a key may allow its holder to do.
public enum Scope: String, Sendable, Hashable, CaseIterable, Codable {
    /// To make images, and to handle the jobs that were left with the same key.
    case images
    /// To ask questions.
    case chat
    /// To see the fleet: its status, its metrics, the list of all jobs.
    case fleetRead = "fleet:read"
    /// To change the fleet: drain, scale and swap stages; and to handle everybody's jobs.
    case fleetWrite = "fleet:write"
    /// To have images without the explicit label.
    case labelOff = "label:off"

    /// Of callers without a key, operators alone have it.
    public var isForOperators: Bool {
        switch self {
        case .fleetRead, .fleetWrite: true
        case .images, .chat, .labelOff: false
        }
    }
}

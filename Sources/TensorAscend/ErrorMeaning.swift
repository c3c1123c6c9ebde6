import Tensor

/// What a code that CANN answers means for who asked (`acl_base.h`, `rt_error_codes.h` and `aclnn`'s return codes, 8.1 to 9.1).
enum ErrorMeaning {
    case outOfMemory
    /// The operator can't do it, which the host learns before anything runs.
    case refused
    /// Nothing more can be done in this process.
    case lost
    /// This program broke a rule of CANN's.
    case mistake

    init(code: Int32) {
        switch code {
        case 207001, 207018, 200000, 300000: self = .outOfMemory
        case 207020: self = .lost
        // Resources of the card that other processes hold, and operators that turn down a shape or can't be found.
        case 207000...207999, 200001, 200006, 361001, 561000...561999: self = .refused
        case 100000...107018, 107021, 107023...107999, 161000...161999: self = .mistake
        // Kernel faults, timeouts, aborted and vanished devices; and what nobody has seen yet.
        default: self = .lost
        }
    }

    /// Nil for a mistake, which is nobody's to handle.
    var kind: DeviceError.Kind? {
        switch self {
        case .outOfMemory: .outOfMemory
        case .refused: .refused
        case .lost: .lost
        case .mistake: nil
        }
    }
}

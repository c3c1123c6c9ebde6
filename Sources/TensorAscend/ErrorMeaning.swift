import Tensor

/// What an error code of CANN means for the caller (`acl_base.h`, `rt_error_codes.h` and `aclnn`'s return codes, 8.1 to 9.1).
enum ErrorMeaning {
    case outOfMemory
    /// The operator does not support the call; nothing has run.
    case refused
    /// This process can do nothing more with the device.
    case lost
    /// This program broke a rule of CANN's.
    case mistake

    init(code: Int32) {
        switch code {
        case 207001, 207018, 200000, 300000: self = .outOfMemory
        case 207020: self = .lost
        // Resources of the device that other processes hold, and operators that refuse a shape or can't be found.
        case 207000...207999, 200001, 200006, 361001, 561000...561999: self = .refused
        case 100000...107018, 107021, 107023...107999, 161000...161999: self = .mistake
        // Kernel faults, timeouts, aborted and vanished devices, and unknown codes.
        default: self = .lost
        }
    }

    /// Nil for a mistake of this program, which no caller can handle.
    var kind: DeviceError.Kind? {
        switch self {
        case .outOfMemory: .outOfMemory
        case .refused: .refused
        case .lost: .lost
        case .mistake: nil
        }
    }
}

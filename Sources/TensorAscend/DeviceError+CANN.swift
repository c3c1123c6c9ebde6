import Tensor

extension DeviceError.Kind {
    /// What an error code of CANN means for the caller (`acl_base.h`, `rt_error_codes.h` and `aclnn`'s return codes, 8.1 to 9.1).
    init(cann code: Int32) {
        switch code {
        case 207001, 207018, 200000, 300000: self = .outOfMemory
        case 207020: self = .lost
        // Operators that don't take a shape, a type or an attribute, which a request may be the first to bring; what can't be recorded;
        // resources of the device that other processes hold. Nothing has run.
        case 161000...161999, 361001, 561000...561999, 107024...107041, 507903, 200001, 200006, 207000...207999: self = .refused
        // Other codes from 100000 to 107999: the runtime does not know a handle, an address or a context of this process. None of them
        // comes from a request, so it is a mistake of this program, and what it goes on to compute can't be trusted. All others: faults
        // of kernels, timeouts, aborted and vanished devices, and unknown codes.
        default: self = .lost
        }
    }
}

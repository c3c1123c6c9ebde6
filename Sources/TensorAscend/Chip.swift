import CAscend
import Domain
import Tensor

/// What a chip can multiply. All chips of ``ChipCatalogue`` are alike in it.
struct Chip {
    /// What operands are rounded to where the precision is reduced.
    let reducedType: DType = .bf16
    /// How products of f32 are computed: 0 keeps f32, 1 lets the chip round.
    let exactMathType: Int8 = 0
    /// Where `aclrtGetMemInfo` counts.
    let memory = ACL_HBM_MEM

    /// - Parameter name: as CANN gives it.
    /// - Throws: for a chip that lacks operators or types without which no part of the model runs.
    init(name: String) throws(DeviceError) {
        if case .refused(let reason) = ChipCatalogue.support(name) { throw DeviceError(.unavailable, reason) }
    }
}

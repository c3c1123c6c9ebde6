import CAscend
import Tensor

/// What a chip can multiply, by the name that CANN gives it.
struct Chip {
    /// What operands are rounded to where the precision is reduced.
    let half: DType
    /// How products of f32 are computed: 0 keeps f32, 1 lets the chip round, which those without an f32 cube must.
    let exactMathType: Int8
    /// Where `aclrtGetMemInfo` counts: 1 is HBM, 0 is DDR.
    let memory: aclrtMemAttr

    /// - Throws: for a chip that lacks operators without which no part of the model runs, or one that nobody has written down.
    init(name: String) throws(DeviceError) {
        if name.hasPrefix("Ascend910_93") || name.hasPrefix("Ascend950") || Chip.hasDigit(name, after: "Ascend910B") {
            (half, exactMathType, memory) = (.bf16, 0, ACL_HBM_MEM)
        } else if name.hasPrefix("Ascend310P") {
            (half, exactMathType, memory) = (.f16, 1, ACL_DDR_MEM)
        } else if name.hasPrefix("Ascend910") {
            throw DeviceError(.unavailable, "\(name) is not supported: it has no RMSNorm and no convolution; 910B, A3 (910_93) and newer are")
        } else {
            throw DeviceError(.unavailable, "\(name) is not supported; 910B, A3 (910_93) and newer are")
        }
    }

    /// "Ascend910B3", not "Ascend910B", which is a chip of the first generation.
    private static func hasDigit(_ name: String, after prefix: String) -> Bool {
        name.hasPrefix(prefix) && name.dropFirst(prefix.count).first?.isNumber == true
    }
}

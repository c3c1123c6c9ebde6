package import Tensor

extension Attention {
    /// Attention whose scores are scaled by 1/√headSize.
    package static func scaled(heads: Int, keyValueHeads: Int, headSize: Int, mask: Mask = .none) -> Attention {
        Attention(heads: heads, keyValueHeads: keyValueHeads, headSize: headSize, scale: 1 / Float(headSize).squareRoot(), mask: mask)
    }
}

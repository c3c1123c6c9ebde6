import Tensor

extension InsertedRows {
    /// Writes those of the rows that belong to `tokens` over their embeddings, `x [tokens, hidden]`, f32, dense.
    func write(over x: Tensor, tokens: Range<Int>, on device: any Device) {
        let written = self.tokens.clamped(to: tokens)
        guard !written.isEmpty else { return }
        let elements = (written.lowerBound - at) * rows.columns..<(written.upperBound - at) * rows.columns
        let target = x.rows(written.lowerBound - tokens.lowerBound..<written.upperBound - tokens.lowerBound)
        rows.bytes.withUnsafeBytes { bytes in
            switch rows.dtype {
            case .f32: device.write(UnsafeRawBufferPointer(rebasing: bytes[4 * elements.lowerBound..<4 * elements.upperBound]), to: target)
            // Widened on the host: a chunk of them is small, and every device takes f32.
            default: device.write(elements.map { Float(bf16: bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) }, to: target)
            }
        }
    }
}

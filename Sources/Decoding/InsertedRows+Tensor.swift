import Tensor

extension InsertedRows {
    /// Writes those of the rows that belong to `tokens` over their embeddings, `x [tokens, hidden]`, dense.
    func write(over x: Tensor, tokens: Range<Int>, on device: any Device) {
        let written = self.tokens.clamped(to: tokens)
        guard !written.isEmpty else { return }
        let elements = (written.lowerBound - at) * rows.columns..<(written.upperBound - at) * rows.columns
        let target = x.rows(written.lowerBound - tokens.lowerBound..<written.upperBound - tokens.lowerBound)
        rows.bytes.withUnsafeBytes { bytes in
            if rows.dtype == x.dtype {
                let size = rows.dtype.byteCount
                return device.write(UnsafeRawBufferPointer(rebasing: bytes[size * elements.lowerBound..<size * elements.upperBound]), to: target)
            }
            // On the host: a chunk of them is small.
            device.write(
                elements.map {
                    rows.dtype == .f32
                        ? bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)
                        : Float(bf16: bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self))
                }, to: target)
        }
    }
}

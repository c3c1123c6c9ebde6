package import Tensor

/// Rows that stand in the place of the embeddings of a run of prompt tokens: an image, as a vision tower wrote it.
package struct InsertedRows: Sendable {
    /// Index of the first of these tokens in the prompt.
    package let at: Int
    package let rows: EmbeddingRows
    /// A hash of the rows' content: prompts with the same ids and the same digests share their keys and values.
    package let digest: [UInt8]

    package init(at: Int, rows: EmbeddingRows, digest: [UInt8]) {
        self.at = at
        self.rows = rows
        self.digest = digest
    }

    /// The tokens whose embeddings are replaced.
    package var tokens: Range<Int> { at..<at + rows.count }
}

/// Embeddings `[count, hidden]` in host memory, row-major, little-endian.
package struct EmbeddingRows: Sendable {
    package let count: Int
    /// `f32` or `bf16`.
    package let dtype: DType
    package let bytes: [UInt8]

    package init(count: Int, dtype: DType, bytes: [UInt8]) {
        precondition(count > 0 && (dtype == .f32 || dtype == .bf16), "\(count) rows of \(dtype)")
        precondition(bytes.count % (count * dtype.byteCount) == 0, "\(bytes.count) bytes in \(count) rows of \(dtype)")
        self.count = count
        self.dtype = dtype
        self.bytes = bytes
    }

    /// Elements of a row.
    package var columns: Int { bytes.count / (count * dtype.byteCount) }
}

/// The fixed part of an attention call.
public struct Attention: Sendable {
    public var heads: Int
    public var keyValueHeads: Int
    public var headSize: Int
    /// Multiplies the scores: `1/√headSize`, or 1 for T5.
    public var scale: Float
    public var mask: Mask
    /// f32 `[heads, rows + keys − 1]`, added to the scaled score of query i and key j at column `j − i + rows − 1`.
    public var relativeBias: Tensor?

    public enum Mask: Sendable {
        case none
        /// Query i attends to keys 0 through `i + keys − rows`.
        case causal
    }

    public init(heads: Int, keyValueHeads: Int, headSize: Int, scale: Float, mask: Mask = .none, relativeBias: Tensor? = nil) {
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headSize = headSize
        self.scale = scale
        self.mask = mask
        self.relativeBias = relativeBias
    }

    public var isCausal: Bool {
        if case .causal = mask { true } else { false }
    }
}

// What every device requires of the arguments of an attention call.

extension Attention {
    /// Traps unless the tensors fit ``Device/attention(_:query:key:value:into:)``.
    package func checkArguments(query: Tensor, key: Tensor, value: Tensor, output: Tensor) {
        checkHeads(query: query, keys: key, values: value)
        precondition(value.rows == key.rows, "\(key.shape) keys and \(value.shape) values")
        precondition(output.rows == query.rows && output.columns == query.columns, "query \(query.shape) into \(output.shape)")
        precondition(key.rows >= query.rows || !isCausal, "\(query.rows) queries and only \(key.rows) keys under a causal mask")
        if let relativeBias {
            precondition(
                relativeBias.rows == heads && relativeBias.columns == query.rows + key.rows - 1,
                "bias \(relativeBias.shape) for \(heads) heads, \(query.rows) queries and \(key.rows) keys")
        }
    }

    /// Traps unless the tensors fit ``Device/pagedAttention(_:query:keys:values:pages:into:)``.
    package func checkArguments(query: Tensor, keys: Tensor, values: Tensor, pages: PageTable, output: Tensor) {
        checkHeads(query: query, keys: keys, values: values)
        precondition(query.rows == pages.lengths.count, "\(query.rows) queries of \(pages.lengths.count) sequences")
        precondition(
            values.shape == keys.shape && values.dtype == keys.dtype && keys.isDense && values.isDense,
            "keys \(keys.dtype) \(keys.shape), values \(values.dtype) \(values.shape)")
        precondition(output.rows == query.rows && output.columns == query.columns, "query \(query.shape) into \(output.shape)")
        precondition(relativeBias == nil, "a relative bias over pages")
        precondition(pages.pages.allSatisfy { $0 >= 0 && (Int($0) + 1) * pages.pageRows <= keys.rows }, "a page outside a pool of \(keys.rows) rows")
    }

    private func checkHeads(query: Tensor, keys: Tensor, values: Tensor) {
        precondition(
            headSize > 0 && keyValueHeads > 0 && heads % keyValueHeads == 0 && query.columns == heads * headSize
                && keys.columns == keyValueHeads * headSize && values.columns == keys.columns,
            "\(heads) heads and \(keyValueHeads) key heads of \(headSize) with query \(query.shape), keys \(keys.shape), values \(values.shape)")
    }
}

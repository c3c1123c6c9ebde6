import CKernels
public import Tensor

extension CPUDevice {
    public func attention(_ parameters: Attention, query: Tensor, key: Tensor, value: Tensor, into output: Tensor) {
        let (rows, keys, size) = (query.rows, key.rows, parameters.headSize)
        precondition(
            size > 0 && parameters.keyValueHeads > 0 && parameters.heads % parameters.keyValueHeads == 0
                && query.columns == parameters.heads * size && key.columns == parameters.keyValueHeads * size && value.columns == key.columns
                && value.rows == keys,
            "\(parameters.heads) heads and \(parameters.keyValueHeads) key heads of \(size) with query \(query.shape), key \(key.shape), value \(value.shape)"
        )
        requireSame(query, output)
        if let bias = parameters.relativeBias {
            precondition(
                bias.rows == parameters.heads && bias.columns == rows + keys - 1,
                "bias \(bias.shape) for \(parameters.heads) heads, \(rows) queries and \(keys) keys")
        }
        var causal = false
        if case .causal = parameters.mask { causal = true }
        var call = ck_attention_call(
            query: query.floats, key: key.floats, value: value.floats,
            query_stride: query.rowStride, key_stride: key.rowStride, value_stride: value.rowStride,
            rows: rows, keys: keys, heads: parameters.heads, key_value_heads: parameters.keyValueHeads, head_size: size,
            scale: parameters.scale, causal: causal,
            bias: parameters.relativeBias?.floats, bias_stride: parameters.relativeBias?.rowStride ?? 0,
            output: output.floats, output_stride: output.rowStride)
        ck_attention(context, &call)
    }

    public func pagedAttention(_ parameters: Attention, query: Tensor, keys: Tensor, values: Tensor, pages: PageTable, into output: Tensor) {
        let size = parameters.headSize
        precondition(
            size > 0 && parameters.keyValueHeads > 0 && parameters.heads % parameters.keyValueHeads == 0 && query.rows == pages.lengths.count
                && query.columns == parameters.heads * size && keys.columns == parameters.keyValueHeads * size && values.shape == keys.shape
                && values.dtype == keys.dtype && keys.isDense && values.isDense && keys.dtype != .f16 && parameters.relativeBias == nil,
            "\(parameters.heads) heads and \(parameters.keyValueHeads) key heads of \(size) with query \(query.shape), keys \(keys.shape), values \(values.shape)"
        )
        precondition(pages.pages.allSatisfy { $0 >= 0 && (Int($0) + 1) * pages.pageRows <= keys.rows }, "a page outside a pool of \(keys.rows) rows")
        requireSame(query, output)
        pages.pages.withUnsafeBufferPointer { table in
            pages.lengths.withUnsafeBufferPointer { lengths in
                var call = ck_paged_attention_call(
                    query: query.floats, query_stride: query.rowStride, sequences: query.rows, heads: parameters.heads,
                    key_value_heads: parameters.keyValueHeads, head_size: size, keys: keys.weight, values: values.weight,
                    cache_stride: keys.rowStride, page_rows: pages.pageRows, pages: table.baseAddress, pages_stride: pages.width,
                    lengths: lengths.baseAddress, scale: parameters.scale, output: output.floats, output_stride: output.rowStride)
                ck_paged_attention(context, &call)
            }
        }
    }
}

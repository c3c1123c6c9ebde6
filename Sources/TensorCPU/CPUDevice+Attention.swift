import CKernels
public import Tensor

extension CPUDevice {
    public func attention(_ parameters: Attention, query: Tensor, key: Tensor, value: Tensor, into output: Tensor) {
        parameters.checkArguments(query: query, key: key, value: value, output: output)
        var call = ck_attention_call(
            query: query.floats, key: key.floats, value: value.floats,
            query_stride: query.rowStride, key_stride: key.rowStride, value_stride: value.rowStride,
            rows: query.rows, keys: key.rows, heads: parameters.heads, key_value_heads: parameters.keyValueHeads, head_size: parameters.headSize,
            scale: parameters.scale, causal: parameters.isCausal,
            bias: parameters.relativeBias?.floats, bias_stride: parameters.relativeBias?.rowStride ?? 0,
            output: output.floats, output_stride: output.rowStride)
        ck_attention(context, &call)
    }

    public func pagedAttention(_ parameters: Attention, query: Tensor, keys: Tensor, values: Tensor, pages: PlacedPages, into output: Tensor) {
        let pages = pages.table
        parameters.checkArguments(query: query, keys: keys, values: values, pages: pages, output: output)
        precondition(keys.dtype != .f16, "keys and values in f16")
        pages.pages.withUnsafeBufferPointer { table in
            pages.lengths.withUnsafeBufferPointer { lengths in
                var call = ck_paged_attention_call(
                    query: query.floats, query_stride: query.rowStride, sequences: query.rows, heads: parameters.heads,
                    key_value_heads: parameters.keyValueHeads, head_size: parameters.headSize, keys: keys.weight, values: values.weight,
                    cache_stride: keys.rowStride, page_rows: pages.pageRows, pages: table.baseAddress, pages_stride: pages.width,
                    lengths: lengths.baseAddress, scale: parameters.scale, output: output.floats, output_stride: output.rowStride)
                ck_paged_attention(context, &call)
            }
        }
    }
}

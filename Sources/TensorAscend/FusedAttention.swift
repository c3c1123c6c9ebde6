import CAscend
import Tensor

/// One call of CANN's fused attention for inference. Operands have 16 bits and are dense.
struct FusedAttention {
    /// `[batch, rows, heads, headSize]`, or `[batch, 1, heads · headSize]` with pages.
    let query: Operand
    /// `[batch, keys, keyValueHeads, headSize]`, or `[pages, pageRows, keyValueHeads · headSize]`.
    let key, value: Operand
    /// Like query.
    let output: Operand
    let heads, keyValueHeads: Int
    let scale: Float
    /// Of causal attention: bool `[2048, 2048]`, true above the diagonal; the diagonal is then aligned to the last key.
    var causalMask: Operand?
    /// Page numbers, i32 `[batch, most pages]`, and what each row of all pages adds to the scores, 16 bits
    /// `[batch, heads, 1, most pages · pageRows]`. To the operator all sequences are as long as the table is wide, so that its plan, which
    /// holds their lengths, serves all steps.
    var pages: (table: Operand, pageRows: Int, shift: Operand)?

    /// The side of the mask, which CANN fixes for every length.
    static let maskSide = 2048
    /// Causal by ends: query i sees what stands no further behind the last key than the query behind the last query.
    private static let rightDownCausal: Int64 = 3

    var layout: String { pages == nil ? "BSND" : "BSH" }
    var sparseMode: Int64 { causalMask == nil ? 0 : FusedAttention.rightDownCausal }

    /// What the operator can take: heads of a multiple of 16 where there is more than one query, and no more than its tables hold.
    static func takes(headSize: Int, heads: Int, keyValueHeads: Int) -> Bool {
        headSize % 16 == 0 && headSize <= 512 && heads <= 256 && heads / keyValueHeads <= 64 && heads * headSize < 65535
    }
}

extension Stream {
    /// - Returns: false where the operator is missing or turns it down.
    func fusedAttention(_ call: FusedAttention) -> Bool {
        if api.pointee.aclnnFusedInferAttentionScoreV3 != nil { return third(call) }
        return api.pointee.aclnnFusedInferAttentionScoreV2 != nil && second(call)
    }

    /// 0: sums of scores in f32.
    private static let precise: Int64 = 0
    private static let unlimited = Int64(Int32.max)

    private func third(_ call: FusedAttention) -> Bool {
        attend(.fusedInferAttentionScoreV3, api.pointee.aclnnFusedInferAttentionScoreV3, call) { api, a, at, layout, lengths, size, executor in
            api.aclnnFusedInferAttentionScoreV3GetWorkspaceSize(
                a[0], a.list([1]), a.list([2]), at.shift.flatMap { a[$0] }, at.mask.flatMap { a[$0] }, nil, lengths, nil, nil, nil, nil, nil, nil, nil,
                at.table.flatMap { a[$0] },
                nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, Int64(call.heads), Double(call.scale), Stream.unlimited, Stream.unlimited,
                layout,
                Int64(call.keyValueHeads), at.sparseMode, Stream.precise, Int64(call.pages?.pageRows ?? 0), 0, false, 0, 0, a[3], nil, size, executor)
        }
    }

    private func second(_ call: FusedAttention) -> Bool {
        attend(.fusedInferAttentionScoreV2, api.pointee.aclnnFusedInferAttentionScoreV2, call) { api, a, at, layout, lengths, size, executor in
            api.aclnnFusedInferAttentionScoreV2GetWorkspaceSize(
                a[0], a.list([1]), a.list([2]), at.shift.flatMap { a[$0] }, at.mask.flatMap { a[$0] }, nil, lengths, nil, nil, nil, nil, nil, nil, nil,
                at.table.flatMap { a[$0] },
                nil, nil, nil, nil, nil, nil, nil, nil, nil, Int64(call.heads), Double(call.scale), Stream.unlimited, Stream.unlimited, layout,
                Int64(call.keyValueHeads), at.sparseMode, Stream.precise, Int64(call.pages?.pageRows ?? 0), 0, false, 0, 0, a[3], nil, size, executor)
        }
    }

    /// Where the optional tensors stand among the operands.
    private typealias Places = (mask: Int?, table: Int?, shift: Int?, sparseMode: Int64)

    private func attend(
        _ op: Operator, _ launch: Launch?, _ call: FusedAttention,
        plan: (
            ca_api, Arguments, Places, UnsafeMutablePointer<CChar>, OpaquePointer?, UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<OpaquePointer?>
        ) -> aclnnStatus
    ) -> Bool {
        let optional = [call.causalMask, call.pages?.table, call.pages?.shift].compactMap { $0 }
        let (first, paged) = (call.causalMask == nil ? 4 : 5, call.pages != nil)
        let places: Places = (call.causalMask == nil ? nil : 4, paged ? first : nil, paged ? first + 1 : nil, call.sparseMode)
        var layout = Array(call.layout.utf8CString)
        return layout.withUnsafeMutableBufferPointer { layout in
            run(
                op, launch, [call.query, call.key, call.value, call.output] + optional,
                [Double(call.heads), Double(call.keyValueHeads), Double(call.scale)], writes: [3], mayRefuse: true
            ) { api, arguments, size, executor in
                let lengths = call.pages.flatMap {
                    arguments.integers(Array(repeating: $0.shift.extents[3], count: call.query.extents[0]))
                }
                return plan(api, arguments, places, layout.baseAddress!, lengths, size, executor)
            }
        }
    }
}

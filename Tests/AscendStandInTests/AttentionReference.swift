import CAscend
import Foundation

/// One call of FusedInferAttentionScore and the same in f64.
struct AttentionCall {
    var heads = 4, keyHeads = 2, width = 16, rows = 3, keys = 5, batches = 2
    var layout = "BSND"
    var scale = 0.25
    var sparse: Int64 = 0, inner: Int64 = 0, previous: Int64 = .init(Int32.max), next: Int64 = .init(Int32.max), blockSize: Int64 = 0
    var lengths: [Int]?, keyLengths: [Int]?
    var version = 3

    /// A tensor's shape under the layout, the axes being batch, row, head and width.
    func dims(_ rows: Int, _ heads: Int, output: Bool = false) -> [Int] {
        switch layout {
        case "BSH": [batches, rows, heads * width]
        case "BSND": [batches, rows, heads, width]
        case "TND": [rows, heads, width]
        case "BNSD_BSND" where output: [batches, rows, heads, width]
        default: [batches, heads, rows, width]
        }
    }

    /// Where element (b, s, n, 0) is in such a tensor.
    func place(_ batch: Int, _ row: Int, _ head: Int, _ rows: Int, _ heads: Int, output: Bool = false) -> Int {
        let headsFirst = layout == "BNSD" || (layout == "BNSD_BSND" && !output)
        return (headsFirst ? (batch * heads + head) * rows + row : (batch * rows + row) * heads + head) * width
    }

    func plan(
        _ query: Operand, _ key: OpaquePointer, _ value: OpaquePointer, _ out: Operand, _ session: Session, pse: Operand? = nil, mask: Operand? = nil,
        table: Operand? = nil, lse: Operand? = nil
    ) -> Int32 {
        let lengths = lengths.map(session.integers), keyLengths = keyLengths.map(session.integers), layout = strdup(layout)
        let heads = Int64(heads), keyHeads = Int64(keyHeads)
        if version == 2 {
            return session.run(cann.aclnnFusedInferAttentionScoreV2) {
                cann.aclnnFusedInferAttentionScoreV2GetWorkspaceSize(
                    query.handle, key, value, pse?.handle, mask?.handle, lengths, keyLengths, nil, nil, nil, nil, nil, nil, nil, table?.handle, nil,
                    nil, nil, nil, nil, nil, nil, nil, nil,
                    heads, scale, previous, next, layout, keyHeads, sparse, inner, blockSize, 0, lse != nil, 0, 0, out.handle, lse?.handle, $0, $1)
            }
        }
        return session.run(cann.aclnnFusedInferAttentionScoreV3) {
            cann.aclnnFusedInferAttentionScoreV3GetWorkspaceSize(
                query.handle, key, value, pse?.handle, mask?.handle, lengths, keyLengths, nil, nil, nil, nil, nil, nil, nil, table?.handle, nil, nil,
                nil, nil, nil, nil, nil, nil, nil,
                nil, nil, nil, heads, scale, previous, next, layout, keyHeads, sparse, inner, blockSize, 0, lse != nil, 0, 0, out.handle, lse?.handle,
                $0, $1)
        }
    }

    /// Output row (b, s, n) in f64, `bias` added to the scaled score and masked keys left out.
    func row(
        _ batch: Int, _ row: Int, _ head: Int, query: Operand, key: Operand, value: Operand, seen: Range<Int>, bias: (Int) -> Double = { _ in 0 },
        sees: (Int) -> Bool = { _ in true }
    ) -> [Double] {
        let shared = head / (heads / keyHeads), q = place(batch, row, head, rows, heads)
        let visible = seen.filter(sees)
        let weights = visible.map { j in
            let k = place(batch, j, shared, keys, keyHeads)
            return exp((0..<width).reduce(0) { $0 + query.values[q + $1] * key.values[k + $1] } * scale + bias(j - seen.lowerBound))
        }
        let sum = weights.reduce(0, +)
        return (0..<width).map { d in
            zip(visible, weights).reduce(0) { $0 + value.values[place(batch, $1.0, shared, keys, keyHeads) + d] * $1.1 / sum }
        }
    }
}

/// A call with its tensors, every element of the output expected.
struct AttentionCase {
    let call: AttentionCall
    let query: Operand, key: Operand, value: Operand, out: Operand
    let session: Session

    init(_ call: AttentionCall, _ session: Session, _ type: aclDataType = ACL_BF16, seed: UInt64 = 1) {
        var random = Random(seed)
        self.call = call
        self.session = session
        query = session.operand(call.dims(call.rows, call.heads), type, .dense, &random)
        key = session.operand(call.dims(call.keys, call.keyHeads), type, .dense, &random)
        value = session.operand(call.dims(call.keys, call.keyHeads), type, .dense, &random)
        out = session.output(call.dims(call.rows, call.heads, output: true), type)
    }

    func run(pse: Operand? = nil, mask: Operand? = nil, lse: Operand? = nil) -> Int32 {
        call.plan(query, session.list(key), session.list(value), out, session, pse: pse, mask: mask, lse: lse)
    }

    /// What the output should be: rows and keys as the lengths say, `bias` and `sees` of batch, head, row, key.
    func expected(bias: (Int, Int, Int, Int) -> Double = { _, _, _, _ in 0 }, sees: (Int, Int, Int) -> Bool = { _, _, _ in true }) -> [Double] {
        var values = [Double](repeating: Operand.untouched, count: out.values.count)
        let tnd = call.layout == "TND"
        for sequence in 0..<(tnd ? call.lengths!.count : call.batches) {
            func range(_ lengths: [Int]?, _ all: Int) -> Range<Int> {
                guard let lengths else { return 0..<all }
                return tnd
                    ? (sequence == 0 ? 0 : lengths[sequence - 1])..<lengths[sequence] : 0..<(lengths.count == 1 ? lengths[0] : lengths[sequence])
            }
            let rows = range(call.lengths, call.rows), keys = range(call.keyLengths, call.keys), batch = tnd ? 0 : sequence
            for s in rows {
                for head in 0..<call.heads {
                    let row = s - rows.lowerBound
                    let result = call.row(
                        batch, s, head, query: query, key: key, value: value, seen: keys, bias: { bias(sequence, head, row, $0) },
                        sees: { sees(sequence, row, $0 - keys.lowerBound) })
                    let at = call.place(batch, s, head, call.rows, call.heads, output: true)
                    values.replaceSubrange(at..<at + call.width, with: result)
                }
            }
        }
        return values
    }
}

import CAscend
import Foundation
import Testing

/// FusedInferAttentionScore against f64.
struct FusedAttentionTests {
    @Test("every layout, both versions, grouped heads, lengths of one or of each")
    func layouts() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            for version in [2, 3] {
                for layout in ["BSH", "BSND", "BNSD", "BNSD_BSND"] {
                    for (lengths, keyLengths) in [(nil, nil), ([2, 3], [5, 4]), (nil, [3])] as [([Int]?, [Int]?)] {
                        let test = AttentionCase(
                            AttentionCall(layout: layout, lengths: lengths, keyLengths: keyLengths, version: version), session,
                            version == 2 ? ACL_FLOAT16 : ACL_BF16)
                        ok(test.run())
                        session.expect(test.out, test.expected(), "\(layout) \(version)")
                    }
                }
            }
            let packed = AttentionCase(AttentionCall(rows: 6, keys: 8, batches: 1, layout: "TND", lengths: [2, 6], keyLengths: [5, 8]), session)
            ok(packed.run())
            session.expect(packed.out, packed.expected())
        }
    }

    @Test("one query row of any width, long sequences and many blocks of rows")
    func sizes() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            for call in [
                AttentionCall(width: 20, rows: 1, keys: 700), AttentionCall(heads: 2, keyHeads: 1, width: 48, rows: 150, keys: 150, batches: 1),
            ] {
                let test = AttentionCase(call, session)
                ok(test.run())
                session.expect(test.out, test.expected())
            }
        }
    }

    @Test("a mask's ones are not attended, in each of its shapes")
    func masks() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(9)
            for shape in [[3, 5], [1, 3, 5], [2, 3, 5], [1, 1, 3, 5], [2, 1, 3, 8]] {
                for type in [ACL_BOOL, ACL_INT8] {
                    let columns = shape.last!, hidden = (0..<shape.reduce(1, *)).map { $0 % columns != 2 && Bool.random(using: &random) ? 1.0 : 0 }
                    let test = AttentionCase(AttentionCall(), session), mask = session.operand(shape, hidden, type)
                    ok(test.run(mask: mask))
                    let pages = shape.count == 2 ? 1 : shape[0]
                    session.expect(
                        test.out, test.expected(sees: { batch, row, key in hidden[(min(batch, pages - 1) * 3 + row) * columns + key] == 0 }),
                        "\(shape)")
                }
            }
        }
    }

    @Test("the causal modes and the band, by a triangle of 2048")
    func sparse() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let triangle = session.operand([2048, 2048], (0..<2048 * 2048).map { $0 % 2048 > $0 / 2048 ? 1 : 0 }, ACL_BOOL)
            let modes: [(Int64, (Int, Int) -> Bool)] = [(2, { $1 <= $0 }), (3, { $1 <= $0 + 2 }), (4, { $1 <= $0 + 3 && $1 >= $0 + 1 })]
            for (mode, sees) in modes {
                let test = AttentionCase(AttentionCall(sparse: mode, previous: 1, next: 1), session)
                ok(test.run(mask: triangle))
                session.expect(test.out, test.expected(sees: { sees($1, $2) }), "sparseMode \(mode)")
            }
        }
    }

    @Test("pseShift is added after the scale; scale 1 as T5 has it")
    func bias() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(4)
            for batches in [1, 2] {
                let test = AttentionCase(AttentionCall(scale: 1), session), pse = session.operand([batches, 4, 3, 5], ACL_BF16, .dense, &random)
                ok(test.run(pse: pse))
                session.expect(
                    test.out,
                    test.expected(bias: { batch, head, row, key in pse.values[((batches == 1 ? 0 : batch) * 4 + head) * 15 + row * 5 + key] }))
            }
        }
    }

    @Test("a row that sees nothing is a mean of all, or zero with innerPrecise 2 and 3")
    func blind() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let mask = session.operand([3, 5], [Double](repeating: 1, count: 15), ACL_BOOL)
            for inner in Int64(0)...3 {
                let test = AttentionCase(AttentionCall(scale: 0, inner: inner), session)
                ok(test.run(mask: mask))
                session.expect(test.out, inner < 2 ? test.expected() : [Double](repeating: 0, count: test.out.values.count))
            }
        }
    }

    @Test("keys in blocks, of both shapes; what the table doesn't name is not read")
    func blocks() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            for flat in [true, false] {
                let call = AttentionCall(rows: 1, keys: 40, layout: flat ? "BSND" : "BNSD", blockSize: 16, keyLengths: [40, 17])
                let plain = AttentionCase(call, session), order = [[5, 0, 3], [1, 6, 1]]
                // The same keys and values, put into blocks.
                func paged(_ side: Operand) -> Operand {
                    var values = [Double](repeating: .nan, count: 7 * 16 * 32)
                    for batch in 0..<2 {
                        for row in 0..<(batch == 0 ? 40 : 17) {
                            for head in 0..<2 {
                                let from = call.place(batch, row, head, 40, 2), block = order[batch][row / 16]
                                let to = (flat ? (block * 16 + row % 16) * 2 + head : (block * 2 + head) * 16 + row % 16) * 16
                                for d in 0..<16 { values[to + d] = side.values[from + d] }
                            }
                        }
                    }
                    return session.operand(flat ? [7, 16, 32] : [7, 2, 16, 16], values, ACL_BF16)
                }
                let table = session.operand([2, 3], [5, 0, 3, 1, 6, -9], ACL_INT32)
                ok(call.plan(plain.query, session.list(paged(plain.key)), session.list(paged(plain.value)), plain.out, session, table: table))
                session.expect(plain.out, plain.expected())
            }
        }
    }

    @Test("softmaxLse is the logarithm of the sum")
    func logSum() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let test = AttentionCase(AttentionCall(scale: 0), session), lse = session.output([2, 4, 3, 1])
            ok(test.run(lse: lse))
            session.expect(lse, [Double](repeating: log(5), count: 24))
        }
    }

    @Test("the tiling's limits: 561002")
    func tiling() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            func code(_ call: AttentionCall, mask: [Int]? = nil, pse: [Int]? = nil) -> Int32 {
                AttentionCase(call, session).run(
                    pse: pse.map { session.output($0, ACL_BF16) },
                    mask: mask.map { session.operand($0, [Double](repeating: 0, count: $0.reduce(1, *)), ACL_BOOL) })
            }
            #expect(code(AttentionCall(width: 20)) == 561002, "D % 16 for several rows")
            #expect(code(AttentionCall(heads: 3)) == 561002, "heads no multiple")
            #expect(code(AttentionCall(heads: 130, keyHeads: 2, width: 16)) == 561002, "more than 64 to one")
            #expect(code(AttentionCall(heads: 257, keyHeads: 257, width: 16)) == 561002, "more than 256 heads")
            #expect(code(AttentionCall(width: 528)) == 561002, "wider than 512")
            #expect(code(AttentionCall(heads: 128, keyHeads: 2, width: 512, rows: 1, batches: 1, layout: "BSH")) == 561002, "BSH rows of 65536")
            #expect(code(AttentionCall(layout: "SBH")) == 561002, "unknown layout")
            #expect(code(AttentionCall(rows: 1, layout: "BNSD_BSND")) == 561002, "BNSD_BSND of one row")
            #expect(code(AttentionCall(layout: "TND", lengths: [3], keyLengths: [5], version: 2)) == 561002, "TND in V2")
            #expect(
                code(AttentionCall(batches: 1, layout: "TND", lengths: [1, 2], keyLengths: [2, 5])) == 561002, "TND's last length is not the total")
            #expect(code(AttentionCall(batches: 1, layout: "TND", lengths: [1, 3], keyLengths: [5])) == 561002, "TND's lists differ")
            #expect(code(AttentionCall(batches: 1, layout: "TND", lengths: [1, 3])) == 561002, "TND without lengths")
            #expect(code(AttentionCall(batches: 3, keyLengths: [5, 5])) == 561002, "neither one length nor enough")
            #expect(code(AttentionCall(keyLengths: [6])) == 561002, "longer than there are keys")
            #expect(code(AttentionCall(inner: 4)) == 561002, "innerPrecise 4")
            #expect(code(AttentionCall(sparse: 5)) == 561002, "sparseMode 5")
            #expect(code(AttentionCall(sparse: 3)) == 561002, "a sparse mode without a mask")
            #expect(code(AttentionCall(sparse: 3), mask: [3, 5]) == 561002, "a sparse mode's mask not 2048 · 2048")
            #expect(code(AttentionCall(), mask: [3, 4]) == 561002, "a mask too narrow")
            #expect(code(AttentionCall(rows: 1, batches: 1), mask: [1, 5]) == 561002, "a mask [1, S] for one row")
            #expect(code(AttentionCall(), pse: [1, 4, 3, 4]) == 561002, "a pseShift too narrow")
            #expect(code(AttentionCall(), pse: [1, 2, 3, 5]) == 561002, "a pseShift for other heads")
        }
    }

    @Test("f32, a mix of types, absent tensors: 161002 and 161001; 310P has no kernel")
    func types() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            #expect(AttentionCase(AttentionCall(), session, ACL_FLOAT).run() == 161002)
            let half = AttentionCase(AttentionCall(), session, ACL_FLOAT16), brain = AttentionCase(AttentionCall(), session)
            #expect(half.call.plan(half.query, session.list(half.key), session.list(brain.value), half.out, session) == 161002)
        }
        await #expect(processExitsWith: .success) {
            let session = Session(["SOC": "Ascend310P3"])
            #expect(AttentionCase(AttentionCall(), session, ACL_FLOAT16).run() == 561003)
        }
    }

    @Test("blocks of a wrong size or without lengths: 561002")
    func blockLimits() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            func code(rows: Int, blockSize: Int, tableColumns: Int = 2, lengths: [Int]? = [20], layout: String = "BSND", shape: [Int]? = nil) -> Int32
            {
                let call = AttentionCall(rows: rows, keys: 20, layout: layout, blockSize: Int64(blockSize), keyLengths: lengths)
                let test = AttentionCase(call, session), block = session.output(shape ?? [4, blockSize, 32], ACL_BF16)
                let table = session.operand([2, tableColumns], [Double](repeating: 0, count: 2 * tableColumns), ACL_INT32)
                return call.plan(test.query, session.list(block), session.list(block), test.out, session, table: table)
            }
            #expect(code(rows: 1, blockSize: 16) == 0)
            #expect(code(rows: 1, blockSize: 24) == 561002)
            #expect(code(rows: 2, blockSize: 64) == 561002)
            #expect(code(rows: 2, blockSize: 128) == 0)
            #expect(code(rows: 1, blockSize: 528) == 561002)
            #expect(code(rows: 1, blockSize: 16, lengths: nil) == 561002)
            #expect(code(rows: 1, blockSize: 16, tableColumns: 1) == 561002)
            #expect(code(rows: 1, blockSize: 16, shape: [4, 2, 16, 16]) == 561002)
            #expect(code(rows: 1, blockSize: 16, layout: "BNSD", shape: [4, 2, 16, 16]) == 0)
        }
    }
}

import CAscend
import Foundation
import Testing

/// What moves elements: exact, whatever the layout.
struct MovementTests {
    @Test("Cast between floats rounds to nearest even; to integers it cuts, to bool it compares with 0")
    func cast() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(1)
            for from in aclDataType.floats {
                for to in aclDataType.floats {
                    for layout in Layout.allCases {
                        let x = session.operand([3, 7], random.normals(21), from, layout), y = session.output([3, 7], to, layout)
                        ok(session.run(cann.aclnnCast) { cann.aclnnCastGetWorkspaceSize(x.handle, to, y.handle, $0, $1) })
                        #expect(session.read(y) == to.decode(to.encode(x.values)))
                    }
                }
            }
            // Halfway cases, the ends of the range and what is smaller than the smallest normal of f16.
            let edges: [Double] = [
                0x101p-8, 0x103p-8, 0x801p-11, 0x803p-11, 65519, 65520, 1e30, 0x1p-14, 0x1p-24, 0x1p-25, 0x3p-25, -0x1p-20, 0, -.infinity,
            ]
            let x = session.operand([edges.count], edges)
            for type in [ACL_FLOAT16, ACL_BF16] {
                let y = session.output([edges.count], type)
                ok(session.run(cann.aclnnCast) { cann.aclnnCastGetWorkspaceSize(x.handle, type, y.handle, $0, $1) })
                #expect(session.read(y) == type.decode(type.encode(x.values)))
            }
            let z = session.operand([4], [2.7, -2.7, 0, 0.3]), whole = session.output([4], ACL_INT64), flag = session.output([4], ACL_BOOL)
            ok(session.run(cann.aclnnCast) { cann.aclnnCastGetWorkspaceSize(z.handle, ACL_INT64, whole.handle, $0, $1) })
            ok(session.run(cann.aclnnCast) { cann.aclnnCastGetWorkspaceSize(z.handle, ACL_BOOL, flag.handle, $0, $1) })
            #expect(session.read(whole) == [2, -2, 0, 0])
            #expect(session.read(flag) == [1, 1, 0, 1])
            expectCode(161002, session.run(cann.aclnnCast) { cann.aclnnCastGetWorkspaceSize(z.handle, ACL_INT32, whole.handle, $0, $1) })
        }
    }

    @Test("InplaceCopy converts, broadcasts and keeps to its view")
    func copy() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(2)
            for layout in Layout.allCases {
                for other in Layout.allCases {
                    let x = session.operand([3, 4], ACL_FLOAT, layout, &random), y = session.output([2, 3, 4], ACL_BF16, other)
                    ok(session.run(cann.aclnnInplaceCopy) { cann.aclnnInplaceCopyGetWorkspaceSize(y.handle, x.handle, $0, $1) })
                    session.expect(y, (0..<24).map { x.values[$0 % 12] })
                }
            }
            let x = session.output([3, 4]), y = session.output([3, 5])
            expectCode(161002, session.run(cann.aclnnInplaceCopy) { cann.aclnnInplaceCopyGetWorkspaceSize(y.handle, x.handle, $0, $1) })
            expectCode(
                161002, session.run(cann.aclnnInplaceCopy) { cann.aclnnInplaceCopyGetWorkspaceSize(session.output([4]).handle, x.handle, $0, $1) })
        }
    }

    @Test("InplaceFillScalar and Cat")
    func fillAndCat() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(3)
            for (type, layout) in zip(aclDataType.floats, Layout.allCases) {
                let x = session.output([2, 3], type, layout)
                ok(session.run(cann.aclnnInplaceFillScalar) { cann.aclnnInplaceFillScalarGetWorkspaceSize(x.handle, session.scalar(1.5), $0, $1) })
                session.expect(x, [Double](repeating: 1.5, count: 6))
                let a = session.operand([2, 1, 4], type, layout, &random), b = session.operand([2, 2, 4], type, layout, &random),
                    c = session.output([2, 3, 4], type, layout)
                ok(session.run(cann.aclnnCat) { cann.aclnnCatGetWorkspaceSize(session.list(a, b), -2, c.handle, $0, $1) })
                session.expect(c, Array(a.values[0..<4] + b.values[0..<8] + a.values[4..<8] + b.values[8..<16]))
                expectCode(161002, session.run(cann.aclnnCat) { cann.aclnnCatGetWorkspaceSize(session.list(a, b), 0, c.handle, $0, $1) })
                expectCode(161002, session.run(cann.aclnnCat) { cann.aclnnCatGetWorkspaceSize(session.list(a, a), 1, c.handle, $0, $1) })
            }
        }
    }

    @Test("Embedding takes rows of a table; an index outside it faults: 507035")
    func embedding() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(4)
            for layout in Layout.allCases {
                for type in [ACL_INT32, ACL_INT64] {
                    let table = session.operand([5, 6], ACL_BF16, layout, &random), ids = session.operand([2, 2], [4, 0, 2, 4], type, layout),
                        rows = session.output([2, 2, 6], ACL_BF16, layout)
                    ok(session.run(cann.aclnnEmbedding) { cann.aclnnEmbeddingGetWorkspaceSize(table.handle, ids.handle, rows.handle, $0, $1) })
                    session.expect(rows, [4, 0, 2, 4].flatMap { table.values[$0 * 6..<$0 * 6 + 6] })
                }
            }
            let table = session.output([5, 6]), bad = session.operand([1], [5], ACL_INT32), row = session.output([1, 6])
            expectCode(507035, session.run(cann.aclnnEmbedding) { cann.aclnnEmbeddingGetWorkspaceSize(table.handle, bad.handle, row.handle, $0, $1) })
            #expect(message().contains("index 5 of 5 entries"))
            expectCode(161002, session.run(cann.aclnnEmbedding) { cann.aclnnEmbeddingGetWorkspaceSize(table.handle, row.handle, row.handle, $0, $1) })
        }
    }

    @Test("ScatterNdUpdate writes rows at a device's indices; one outside faults: 507035")
    func scatterNdUpdate() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(5)
            func scatter(_ table: Operand, _ index: Operand, _ rows: Operand) -> Int32 {
                session.run(cann.aclnnScatterNdUpdate) {
                    cann.aclnnScatterNdUpdateGetWorkspaceSize(table.handle, index.handle, rows.handle, $0, $1)
                }
            }
            for layout in Layout.allCases {
                for type in [ACL_INT32, ACL_INT64] {
                    let table = session.operand([5, 2, 3], ACL_BF16, layout, &random), rows = session.operand([2, 2, 3], ACL_BF16, layout, &random)
                    ok(scatter(table, session.operand([2, 1], [4, 1], type, layout), rows))
                    var expected = table.values
                    for (i, at) in [4, 1].enumerated() { for j in 0..<6 { expected[at * 6 + j] = rows.values[i * 6 + j] } }
                    session.expect(table, expected)
                }
            }
            let table = session.output([5, 3]), row = session.output([1, 3]), index = session.operand([1, 1], [0], ACL_INT64)
            expectCode(507035, scatter(table, session.operand([1, 1], [-1], ACL_INT64), row))
            #expect(message().contains("index -1 of 5 entries"))
            expectCode(161002, scatter(table, index, session.output([2, 3])))
            expectCode(161002, scatter(table, index, session.output([1, 3], ACL_BF16)))
            expectCode(161002, scatter(table, session.operand([1], [0], ACL_INT64), row))
            expectCode(161002, scatter(table, session.operand([1, 2], [0, 0], ACL_INT64), row))
            expectCode(161002, scatter(table, row, row))
        }
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let table = session.output([5, 3]), rows = session.output([2, 3]), twice = session.operand([2, 1], [3, 3], ACL_INT64)
            _ = session.run(cann.aclnnScatterNdUpdate) {
                cann.aclnnScatterNdUpdateGetWorkspaceSize(table.handle, twice.handle, rows.handle, $0, $1)
            }
        }
        expectRefusal(result, "aclnnScatterNdUpdate writes entry 3 twice")
    }

    @Test("ArgMax finds the first of equals, and a NaN before all")
    func argMax() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            for layout in Layout.allCases {
                let x = session.operand([2, 4], [1, 3, 3, -1, 0, .nan, 9, .nan], ACL_FLOAT, layout)
                let last = session.output([2], ACL_INT32), kept = session.output([2, 1], ACL_INT64), first = session.output([4], ACL_INT64)
                ok(session.run(cann.aclnnArgMax) { cann.aclnnArgMaxGetWorkspaceSize(x.handle, -1, false, last.handle, $0, $1) })
                ok(session.run(cann.aclnnArgMax) { cann.aclnnArgMaxGetWorkspaceSize(x.handle, 1, true, kept.handle, $0, $1) })
                ok(session.run(cann.aclnnArgMax) { cann.aclnnArgMaxGetWorkspaceSize(x.handle, 0, false, first.handle, $0, $1) })
                #expect(session.read(last) == [1, 1])
                #expect(session.read(kept) == [1, 1])
                #expect(session.read(first) == [0, 1, 1, 1])
            }
            let x = session.output([2, 4]), out = session.output([2])
            expectCode(161002, session.run(cann.aclnnArgMax) { cann.aclnnArgMaxGetWorkspaceSize(x.handle, 1, false, out.handle, $0, $1) })
            expectCode(
                161002,
                session.run(cann.aclnnArgMax) { cann.aclnnArgMaxGetWorkspaceSize(x.handle, 1, true, session.output([2], ACL_INT64).handle, $0, $1) })
        }
    }

    @Test("a copy onto a part of its own source")
    func overlap() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let block = session.memory(64)
            let a = cann.aclCreateTensor([8], 1, ACL_FLOAT, nil, 0, ACL_FORMAT_ND, [16], 1, block),
                b = cann.aclCreateTensor([8], 1, ACL_FLOAT, nil, 4, ACL_FORMAT_ND, [16], 1, block)
            _ = session.run(cann.aclnnInplaceCopy) { cann.aclnnInplaceCopyGetWorkspaceSize(a, b, $0, $1) }
        }
        expectRefusal(result, "aclnnInplaceCopy would read [8] while it writes [8]")
    }

    @Test("two columns of one matrix don't overlap, though their rows interleave")
    func columns() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let whole = session.operand([3, 4], (0..<12).map(Double.init))
            let left = cann.aclCreateTensor([3, 2], 2, ACL_FLOAT, [4, 1], 0, ACL_FORMAT_ND, [12], 1, whole.storage)
            let right = cann.aclCreateTensor([3, 2], 2, ACL_FLOAT, [4, 1], 2, ACL_FORMAT_ND, [12], 1, whole.storage)
            ok(session.run(cann.aclnnInplaceCopy) { cann.aclnnInplaceCopyGetWorkspaceSize(left, right, $0, $1) })
            #expect(session.read(whole) == [2, 3, 2, 3, 6, 7, 6, 7, 10, 11, 10, 11])
        }
    }
}

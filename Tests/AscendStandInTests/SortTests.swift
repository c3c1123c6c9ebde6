import CAscend
import Foundation
import Testing

/// What puts rows in order, adds them up and compares them.
struct SortTests {
    @Test("Sort gives values and places, equals in their order, along any axis and layout")
    func sort() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            for layout in Layout.allCases {
                let x = session.operand([2, 4], [1, 3, 3, -1, 5, -.infinity, 5, 6], ACL_FLOAT, layout)
                let values = session.output([2, 4], ACL_FLOAT, layout), places = session.output([2, 4], ACL_INT64, layout)
                ok(session.run(cann.aclnnSort) { cann.aclnnSortGetWorkspaceSize(x.handle, true, -1, true, values.handle, places.handle, $0, $1) })
                #expect(session.read(values) == [3, 3, 1, -1, 6, 5, 5, -.infinity])
                #expect(session.read(places) == [1, 2, 0, 3, 3, 0, 2, 1])
                ok(session.run(cann.aclnnSort) { cann.aclnnSortGetWorkspaceSize(x.handle, true, 0, false, values.handle, places.handle, $0, $1) })
                #expect(session.read(values) == [1, -.infinity, 3, -1, 5, 3, 5, 6])
                #expect(session.read(places) == [0, 1, 0, 0, 1, 0, 1, 1])
            }
            let x = session.output([2, 4]), values = session.output([2, 4])
            expectCode(
                161002,
                session.run(cann.aclnnSort) {
                    cann.aclnnSortGetWorkspaceSize(x.handle, true, 1, true, values.handle, session.output([2, 4], ACL_INT32).handle, $0, $1)
                })
            expectCode(
                161002,
                session.run(cann.aclnnSort) {
                    cann.aclnnSortGetWorkspaceSize(x.handle, true, 2, true, values.handle, session.output([2, 4], ACL_INT64).handle, $0, $1)
                })
        }
    }

    @Test("Cumsum adds up along an axis")
    func cumsum() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            for layout in Layout.allCases {
                let x = session.operand([2, 3], [1, 2, 3, -1, 0.5, 4], ACL_FLOAT, layout), y = session.output([2, 3], ACL_FLOAT, layout)
                ok(session.run(cann.aclnnCumsum) { cann.aclnnCumsumGetWorkspaceSize(x.handle, -1, ACL_FLOAT, y.handle, $0, $1) })
                #expect(session.read(y) == [1, 3, 6, -1, -0.5, 3.5])
                ok(session.run(cann.aclnnCumsum) { cann.aclnnCumsumGetWorkspaceSize(x.handle, 0, ACL_FLOAT, y.handle, $0, $1) })
                #expect(session.read(y) == [1, 2, 3, 0, 2.5, 7])
            }
            let x = session.output([2, 3])
            expectCode(
                161002,
                session.run(cann.aclnnCumsum) { cann.aclnnCumsumGetWorkspaceSize(x.handle, 1, ACL_FLOAT16, session.output([2, 3]).handle, $0, $1) })
        }
    }

    @Test("LtScalar tells which elements are below a number, and no NaN is")
    func below() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let two = session.scalar(2)
            for layout in Layout.allCases {
                let x = session.operand([2, 3], [1, 2, 3, -.infinity, .nan, 1.5], ACL_FLOAT, layout), out = session.output([2, 3], ACL_BOOL, layout)
                ok(session.run(cann.aclnnLtScalar) { cann.aclnnLtScalarGetWorkspaceSize(x.handle, two, out.handle, $0, $1) })
                #expect(session.read(out) == [1, 0, 0, 1, 0, 1])
            }
            let x = session.output([2, 3])
            for wrong in [session.output([2, 3]), session.output([3, 2], ACL_BOOL)] {
                expectCode(161002, session.run(cann.aclnnLtScalar) { cann.aclnnLtScalarGetWorkspaceSize(x.handle, two, wrong.handle, $0, $1) })
            }
        }
    }

    @Test("Minimum takes the smaller of two, spread to one shape, floats and integers")
    func minimum() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let a = session.operand([2, 2], [1, 5, -3, 2]), b = session.operand([1, 2], [2, 2]), out = session.output([2, 2])
            ok(session.run(cann.aclnnMinimum) { cann.aclnnMinimumGetWorkspaceSize(a.handle, b.handle, out.handle, $0, $1) })
            #expect(session.read(out) == [1, 2, -3, 2])
            let whole = session.operand([2, 1], [7, 3], ACL_INT64), most = session.operand([2, 1], [4, 4], ACL_INT64),
                kept = session.output([2, 1], ACL_INT64)
            ok(session.run(cann.aclnnMinimum) { cann.aclnnMinimumGetWorkspaceSize(whole.handle, most.handle, kept.handle, $0, $1) })
            #expect(session.read(kept) == [4, 3])
        }
    }
}

import CAscend
import Foundation
import Testing

/// What hardware lets pass, and what public reports say it gets wrong.
struct AttentionFaultTests {
    @Test("a query that is not contiguous")
    func strided() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let test = AttentionCase(AttentionCall(), session), query = session.output([2, 3, 4, 16], ACL_BF16, .spaced)
            _ = test.call.plan(query, session.list(test.key), session.list(test.value), test.out, session)
        }
        expectRefusal(result, "takes query [2, 3, 4, 16] as contiguous")
    }

    @Test("a pseShift that the heads share, a triangle that is none, a block that is not there")
    func silent() async {
        let shared = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            _ = AttentionCase(AttentionCall(), session).run(pse: session.output([1, 1, 3, 5], ACL_BF16))
        }
        expectRefusal(shared, "computes nonsense with a pseShift [1, 1, 3, 5]")
        let triangle = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            _ = AttentionCase(AttentionCall(sparse: 3), session).run(
                mask: session.operand([2048, 2048], [Double](repeating: 0, count: 2048 * 2048), ACL_BOOL))
        }
        expectRefusal(triangle, "not 1 exactly above the diagonal")
        let block = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let call = AttentionCall(rows: 1, keys: 16, batches: 1, blockSize: 16, keyLengths: [16]), test = AttentionCase(call, session),
                block = session.output([2, 16, 32], ACL_BF16)
            _ = call.plan(test.query, session.list(block), session.list(block), test.out, session, table: session.operand([1, 1], [2], ACL_INT32))
        }
        expectRefusal(block, "reads block 2 of 2")
    }

    @Test("mask512: a decode mask [B, 1, 1, S] is lost from key 512 on, and heads that share a pseShift get none of it")
    func mask512() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["BUGS": "mask512"])
            let test = AttentionCase(AttentionCall(rows: 1, keys: 600), session), hidden = (0..<1200).map { $0 % 3 == 0 ? 1.0 : 0 }
            ok(test.run(mask: session.operand([2, 1, 1, 600], hidden, ACL_BOOL)))
            session.expect(test.out, test.expected(sees: { batch, _, key in key >= 512 || hidden[batch * 600 + key] == 0 }))
            let short = AttentionCase(AttentionCall(rows: 1, keys: 300), session)
            ok(short.run(mask: session.operand([1, 1, 1, 300], Array(hidden[0..<300]), ACL_BOOL)))
            session.expect(short.out, short.expected(sees: { hidden[$2] == 0 }))
            let shifted = AttentionCase(AttentionCall(rows: 1), session)
            ok(shifted.run(pse: session.operand([1, 1, 1, 5], [5, 4, 3, 2, 1], ACL_BF16)))
            session.expect(shifted.out, shifted.expected())
        }
    }

    @Test("tnd: TND without a mask averages all values")
    func tnd() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["BUGS": "tnd"])
            let test = AttentionCase(AttentionCall(rows: 6, keys: 8, batches: 1, layout: "TND", scale: 0, lengths: [6], keyLengths: [8]), session)
            let scaled = AttentionCase(AttentionCall(rows: 6, keys: 8, batches: 1, layout: "TND", lengths: [6], keyLengths: [8]), session)
            ok(scaled.run())
            session.expect(scaled.out, test.expected())
            let rows = AttentionCase(AttentionCall(), session)
            ok(rows.run())
            session.expect(rows.out, rows.expected())
        }
    }

    @Test("inf: −Inf in a pseShift is NaN for more than 512 keys, and only a mask without the fault")
    func infinity() async {
        await #expect(processExitsWith: .success) { expectInfinity([:], faulty: false) }
        await #expect(processExitsWith: .success) { expectInfinity(["BUGS": "inf"], faulty: true) }
    }
}

private func expectInfinity(_ environment: [String: String], faulty: Bool) {
    let session = Session(environment)
    let test = AttentionCase(AttentionCall(rows: 1, keys: 600, batches: 1), session)
    let pse = session.operand([1, 4, 1, 600], (0..<2400).map { $0 % 600 < 10 ? 0 : -.infinity }, ACL_BF16)
    ok(test.run(pse: pse))
    if faulty {
        let blank = session.read(test.out).allSatisfy { $0.isNaN }
        #expect(blank)
    } else {
        session.expect(test.out, test.expected(sees: { $2 < 10 }))
    }
}

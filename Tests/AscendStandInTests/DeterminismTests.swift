import AscendStandIn
import CAscend
import Foundation
import Testing

/// How far CANN is asked to keep bits, and what moves where it isn't.
struct DeterminismTests {
    @Test(
        "a release takes the levels of ACL_OPT_DETERMINISTIC that its documentation names, for the process and the context",
        arguments: [("8.1.RC1", 1), ("9.1.0", 2), ("9.2.0", 3)])
    func levels(release: String, most: Int) async {
        await #expect(processExitsWith: .success) { [release, most] in
            let session = Session(["RELEASE": release])
            for level in 0...4 {
                #expect(cann.aclrtSetSysParamOpt(ACL_OPT_DETERMINISTIC, Int64(level)) == (level <= most ? 0 : 107000))
                #expect(cann.aclrtCtxSetSysParamOpt(ACL_OPT_DETERMINISTIC, Int64(level)) == (level <= most ? 0 : 107000))
            }
            var version = aclCANNPackageVersion()
            ok(cann.aclsysGetCANNVersion(ACL_PKG_NAME_CANN, &version))
            #expect(withUnsafeBytes(of: version.version) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) } == release)
            _ = session
        }
    }

    /// Levels that the process and the context ask for.
    struct Asked: Sendable, Codable { var process: Int64, context: Int64 }

    @Test(
        "equal rows of a product have equal bits from level 2 on, asked for the process and the context",
        arguments: [Asked(process: 1, context: 1), Asked(process: 2, context: 0), Asked(process: 0, context: 2), Asked(process: 2, context: 2)])
    func products(_ asked: Asked) async {
        await #expect(processExitsWith: .success) { [asked] in
            let session = Session(["RELEASE": "9.1.0", "ORDER_BY_PLACE": "1"]).asking(asked)
            var random = Random(5)
            let row = random.normals(512), a = session.operand([6, 512], (0..<6).flatMap { _ in row }),
                b = session.operand([512, 16], ACL_FLOAT, .transposed, &random)
            let c = session.output([6, 16])
            ok(session.run(cann.aclnnMatmul) { cann.aclnnMatmulGetWorkspaceSize(a.handle, b.handle, c.handle, 0, $0, $1) })
            var truth = [Double](repeating: 0, count: 16)
            for column in 0..<16 { for d in 0..<512 { truth[column] += a.values[d] * b.values[d * 16 + column] } }
            session.expect(c, Array(repeatElement(truth, count: 6).joined()), slack: 2e-5)
            let rows = session.read(c), equal = (1..<6).allSatisfy { rows[$0 * 16..<$0 * 16 + 16].elementsEqual(rows[0..<16]) }
            #expect(equal == (min(asked.process, asked.context) >= 2))
        }
    }

    @Test("a decode step on 2,048 keys has the same bits alone and in a batch at level 3 alone; on fewer keys at every level", arguments: [0, 2, 3])
    func attention(_ level: Int64) async {
        await #expect(processExitsWith: .success) { [level] in
            let session = Session(["RELEASE": "9.2.0", "ORDER_BY_PLACE": "1"]).asking(Asked(process: level, context: level))
            #expect(session.decodes(keys: 2032, sameAsInBatch: 5))
            #expect(session.decodes(keys: 2048, sameAsInBatch: 5) == (level >= 3))
            // Batches of 4 and of 5 leave every core its own sequence and head.
            #expect(session.decodes(keys: 2048, batch: 4, sameAsInBatch: 5))
        }
    }
}

extension Session {
    fileprivate func asking(_ asked: DeterminismTests.Asked) -> Session {
        ok(cann.aclrtSetSysParamOpt(ACL_OPT_DETERMINISTIC, asked.process))
        ok(cann.aclrtCtxSetSysParamOpt(ACL_OPT_DETERMINISTIC, asked.context))
        return self
    }

    /// Whether the first of equal sequences on pages of 16 rows has the same bits in two batches; both close to the truth.
    fileprivate func decodes(keys: Int, batch: Int = 1, sameAsInBatch other: Int) -> Bool {
        var random = Random(9)
        let blocks = keys / 16, heads = 4, keyHeads = 2, width = 16
        let cache = [
            operand([blocks, 16, keyHeads * width], ACL_BF16, .dense, &random), operand([blocks, 16, keyHeads * width], ACL_BF16, .dense, &random),
        ]
        let query = random.normals(heads * width)
        var results: [[Double]] = []
        for batches in [batch, other] {
            let call = AttentionCall(
                rows: 1, keys: keys, batches: batches, layout: "BSH", blockSize: 16, keyLengths: Array(repeating: keys, count: batches))
            let x = operand([batches, 1, heads * width], (0..<batches).flatMap { _ in query }, ACL_BF16),
                y = output([batches, 1, heads * width], ACL_BF16)
            let table = operand([batches, blocks], (0..<batches * blocks).map { Double($0 % blocks) }, ACL_INT32)
            ok(call.plan(x, list(cache[0]), list(cache[1]), y, self, table: table))
            let truth = (0..<heads).flatMap { call.row(0, 0, $0, query: x, key: cache[0], value: cache[1], seen: 0..<keys) }
            expect(y, (0..<batches).flatMap { _ in truth }, slack: 4e-3)
            results.append(Array(read(y)[0..<heads * width]))
        }
        return results[0] == results[1]
    }
}

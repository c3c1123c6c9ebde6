import CAscend
import Foundation
import Testing

/// Products against f64.
struct ProductTests {
    /// `[m, k] · [k, n]`.
    static func product(_ a: [Double], _ b: [Double], _ m: Int, _ k: Int, _ n: Int) -> [Double] {
        var c = [Double](repeating: 0, count: m * n)
        for i in 0..<m {
            for j in 0..<k {
                for l in 0..<n { c[i * n + l] += a[i * k + j] * b[j * n + l] }
            }
        }
        return c
    }

    @Test("Matmul in every type, however each tensor lies, edges of its blocks included")
    func matmul() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(1)
            for type in aclDataType.floats {
                for layout in Layout.allCases {
                    for (m, k, n) in [(1, 1, 1), (5, 7, 9), (1, 300, 17), (66, 258, 131)] {
                        let a = session.operand([m, k], type, layout, &random), b = session.operand([k, n], type, layout, &random),
                            c = session.output([m, n], type, layout)
                        ok(session.run(cann.aclnnMatmul) { cann.aclnnMatmulGetWorkspaceSize(a.handle, b.handle, c.handle, 0, $0, $1) })
                        session.expect(c, Self.product(a.values, b.values, m, k, n), "\(type) \(layout) \(m)×\(k)×\(n)")
                    }
                }
            }
        }
    }

    @Test("Matmul and BatchMatMul of batches; Matmul's batch axes broadcast")
    func batches() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(2)
            for layout in Layout.allCases {
                let a = session.operand([2, 1, 3, 4], ACL_BF16, layout, &random), b = session.operand([3, 4, 5], ACL_BF16, layout, &random)
                let c = session.output([2, 3, 3, 5], ACL_BF16, layout)
                ok(session.run(cann.aclnnMatmul) { cann.aclnnMatmulGetWorkspaceSize(a.handle, b.handle, c.handle, 0, $0, $1) })
                session.expect(
                    c,
                    (0..<6).flatMap { page in
                        Self.product(
                            Array(a.values[page / 3 * 12..<page / 3 * 12 + 12]), Array(b.values[page % 3 * 20..<page % 3 * 20 + 20]), 3, 4, 5)
                    })
                let d = session.operand([3, 2, 4], ACL_BF16, layout, &random), e = session.output([3, 2, 5], ACL_FLOAT, layout)
                ok(session.run(cann.aclnnBatchMatMul) { cann.aclnnBatchMatMulGetWorkspaceSize(d.handle, b.handle, e.handle, 0, $0, $1) })
                session.expect(
                    e, (0..<3).flatMap { Self.product(Array(d.values[$0 * 8..<$0 * 8 + 8]), Array(b.values[$0 * 20..<$0 * 20 + 20]), 2, 4, 5) })
            }
        }
    }

    @Test("Addmm: beta · bias + alpha · product, the bias of a row or of all")
    func addmm() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(3)
            for (type, layout) in zip(aclDataType.floats, Layout.allCases) {
                for shape in [[5], [1, 5], [3, 5]] {
                    let bias = session.operand(shape, type, layout, &random), a = session.operand([3, 4], type, layout, &random),
                        b = session.operand([4, 5], type, layout, &random)
                    let c = session.output([3, 5], type, layout), beta = session.scalar(2), alpha = session.scalar(0.5)
                    ok(
                        session.run(cann.aclnnAddmm) {
                            cann.aclnnAddmmGetWorkspaceSize(bias.handle, a.handle, b.handle, beta, alpha, c.handle, 0, $0, $1)
                        })
                    let product = Self.product(a.values, b.values, 3, 4, 5)
                    session.expect(c, product.indices.map { 2 * bias.values[$0 % bias.values.count] + 0.5 * product[$0] })
                }
            }
        }
    }

    @Test("cubeMathType 0 keeps f32, 1 and 3 cut it to eleven bits, 2 makes it f16")
    func precision() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let fine = 1 + 0x1p-20, coarse = 1 + 0x1p-11, half = 1 + 0x1p-10
            let a = session.operand([3, 1], [fine, coarse, half]), one = session.operand([1, 1], [1.0])
            for (cubeMathType, expected) in [(Int8(0), [fine, coarse, half]), (1, [1, coarse, half]), (2, [1, 1, half]), (3, [1, coarse, half])] {
                let c = session.output([3, 1])
                ok(session.run(cann.aclnnMatmul) { cann.aclnnMatmulGetWorkspaceSize(a.handle, one.handle, c.handle, cubeMathType, $0, $1) })
                #expect(session.read(c) == expected, "cubeMathType \(cubeMathType)")
            }
        }
    }

    @Test("products whose types, shapes or ranks don't fit are refused: 161002, and without a tensor 161001")
    func limits() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            func matmul(_ a: Operand?, _ b: Operand?, _ c: Operand?, _ cubeMathType: Int8 = 0) -> Int32 {
                session.run(cann.aclnnMatmul) { cann.aclnnMatmulGetWorkspaceSize(a?.handle, b?.handle, c?.handle, cubeMathType, $0, $1) }
            }
            let f32 = session.output([2, 2]), f16 = session.output([2, 2], ACL_FLOAT16), bf16 = session.output([2, 2], ACL_BF16),
                out = session.output([2, 2])
            #expect(matmul(f32, f32, out) == 0)
            #expect(matmul(bf16, f16, out) == 161002)
            #expect(matmul(bf16, f32, out) == 161002)
            #expect(matmul(session.output([2, 2], ACL_INT32), session.output([2, 2], ACL_INT32), out) == 161002)
            #expect(matmul(f32, session.output([3, 2]), out) == 161002)
            #expect(matmul(f32, f32, session.output([2, 3])) == 161002)
            #expect(matmul(session.output([2, 2], format: ACL_FORMAT_NCHW), f32, out) == 161002)
            #expect(matmul(f32, f32, out, 5) == 161002)
            #expect(matmul(bf16, bf16, out, 2) == 161002)
            #expect(matmul(nil, f32, out) == 161001)
            #expect(matmul(f32, f32, nil) == 161001)
            expectCode(
                161002, session.run(cann.aclnnBatchMatMul) { cann.aclnnBatchMatMulGetWorkspaceSize(f32.handle, f32.handle, out.handle, 0, $0, $1) })
            let one = session.scalar(1), bias = session.output([3])
            expectCode(
                161002,
                session.run(cann.aclnnAddmm) { cann.aclnnAddmmGetWorkspaceSize(bias.handle, f32.handle, f32.handle, one, one, out.handle, 0, $0, $1) }
            )
            // A bias of f32 is wider than a product of bf16.
            expectCode(
                161002,
                session.run(cann.aclnnAddmm) {
                    cann.aclnnAddmmGetWorkspaceSize(f32.handle, bf16.handle, bf16.handle, one, one, out.handle, 0, $0, $1)
                }
            )
            expectCode(
                161001,
                session.run(cann.aclnnAddmm) { cann.aclnnAddmmGetWorkspaceSize(f32.handle, f32.handle, f32.handle, nil, one, out.handle, 0, $0, $1) })
        }
    }

    @Test("310P has no bf16, and f32 products only as f16")
    func oldChip() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["SOC": "Ascend310P3"])
            let f32 = session.output([2, 2]), bf16 = session.output([2, 2], ACL_BF16), out = session.output([2, 2])
            expectCode(161002, session.run(cann.aclnnMatmul) { cann.aclnnMatmulGetWorkspaceSize(bf16.handle, bf16.handle, out.handle, 0, $0, $1) })
            expectCode(161002, session.run(cann.aclnnMatmul) { cann.aclnnMatmulGetWorkspaceSize(f32.handle, f32.handle, out.handle, 0, $0, $1) })
            ok(session.run(cann.aclnnMatmul) { cann.aclnnMatmulGetWorkspaceSize(f32.handle, f32.handle, out.handle, 1, $0, $1) })
        }
    }

    @Test("a product into the memory of its operand")
    func overlap() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let a = session.output([2, 2])
            _ = session.run(cann.aclnnMatmul) { cann.aclnnMatmulGetWorkspaceSize(a.handle, a.handle, a.handle, 0, $0, $1) }
        }
        expectRefusal(result, "aclnnMatmul would read [2, 2] while it writes")
    }
}

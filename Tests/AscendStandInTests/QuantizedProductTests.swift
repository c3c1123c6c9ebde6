import AscendStandIn
import CAscend
import Foundation
import Testing

/// Products of int8: rows that are rounded with a scale each, and sums that have no order.
struct QuantizedProductTests {
    @Test("DynamicQuant gives each row its scale, and elements to half of it; a row of zeros stays one")
    func quantization() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(3)
            for type in [ACL_FLOAT16, ACL_BF16] {
                for layout in Layout.allCases {
                    let x = session.operand([4, 33], random.normals(99) + [Double](repeating: 0, count: 33), type, layout)
                    let y = session.output([4, 33], ACL_INT8), scales = session.output([4])
                    ok(session.run(cann.aclnnDynamicQuant) { cann.aclnnDynamicQuantGetWorkspaceSize(x.handle, nil, y.handle, scales.handle, $0, $1) })
                    let found = session.read(scales)
                    for row in 0..<4 {
                        let most = x.values[row * 33..<row * 33 + 33].map(abs).max()!
                        #expect(abs(found[row] - most / 127) <= 1e-6 * most)
                    }
                    let values = session.read(y)
                    for (index, value) in values.enumerated() {
                        let scale = found[index / 33]
                        #expect(abs(value * scale - x.values[index]) <= 0.5001 * scale)
                    }
                    #expect(values.map(abs).max() == 127)
                }
            }
        }
    }

    @Test("QuantMatmul multiplies exactly, whichever way the weight lies, scales by row and column, and adds a bias behind that")
    func product() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let (m, k, n) = (3, 40, 5)
            let a: [Double] = (0..<m * k).map { Double($0 * 37 % 255 - 127) }, b: [Double] = (0..<n * k).map { Double($0 * 91 % 255 - 127) }
            let x = session.operand([m, k], a, ACL_INT8), rows = session.operand([m], [0.5, 0.25, 2]),
                columns = session.operand([n], [1, 2, 4, 8, 0.125])
            var truth = [Double](repeating: 0, count: m * n)
            for row in 0..<m {
                for column in 0..<n {
                    var sum = 0.0
                    for d in 0..<k { sum += a[row * k + d] * b[column * k + d] }
                    truth[row * n + column] = sum * rows.values[row] * columns.values[column]
                }
            }
            let across = session.operand([n, k], b, ACL_INT8), along = session.operand([k, n], (0..<k * n).map { b[$0 % n * k + $0 / n] }, ACL_INT8)
            let added = session.operand([n], [3, -1000, 0, 0.5, 7], ACL_BF16)
            let cases: [(weight: Operand, transposed: Bool, bias: Operand?)] = [(across, true, nil), (along, false, nil), (across, true, added)]
            for (weight, transposed, bias) in cases {
                let y = session.output([m, n], ACL_BF16)
                ok(
                    session.run(cann.aclnnQuantMatmulV4) {
                        cann.aclnnQuantMatmulV4GetWorkspaceSize(
                            x.handle, weight.handle, columns.handle, nil, rows.handle, bias?.handle, false, transposed, y.handle, $0, $1)
                    })
                let shift: [Double] = bias?.values ?? [Double](repeating: 0, count: n)
                session.expect(y, truth.indices.map { truth[$0] + shift[$0 % n] })
            }
        }
    }

    @Test("f32 is quantised by nobody, a product has no f32 result, and scales must fit: 161002")
    func refusals() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            func quantize(_ x: Operand, _ y: Operand, _ scales: Operand) -> Int32 {
                session.run(cann.aclnnDynamicQuant) { cann.aclnnDynamicQuantGetWorkspaceSize(x.handle, nil, y.handle, scales.handle, $0, $1) }
            }
            let x = session.output([2, 8], ACL_BF16), y = session.output([2, 8], ACL_INT8)
            expectCode(161002, quantize(session.output([2, 8]), y, session.output([2])))
            expectCode(161002, quantize(x, session.output([2, 8], ACL_UINT8), session.output([2])))
            expectCode(161002, quantize(x, y, session.output([2, 1])))
            func multiply(_ columns: Operand, _ rows: Operand, _ out: Operand) -> Int32 {
                session.run(cann.aclnnQuantMatmulV4) {
                    cann.aclnnQuantMatmulV4GetWorkspaceSize(
                        y.handle, session.output([4, 8], ACL_INT8).handle, columns.handle, nil, rows.handle, nil, false, true, out.handle, $0, $1)
                }
            }
            expectCode(161002, multiply(session.output([4]), session.output([2]), session.output([2, 4])))
            expectCode(161002, multiply(session.output([3]), session.output([2]), session.output([2, 4], ACL_BF16)))
            expectCode(161002, multiply(session.output([4]), session.output([4]), session.output([2, 4], ACL_BF16)))
            expectCode(161002, multiply(session.output([4], ACL_BF16), session.output([2]), session.output([2, 4], ACL_FLOAT16)))
        }
    }

    @Test("phase 2 of a generated operator refuses a workspace smaller than phase 1 said: 161002; a composite would overrun it")
    func workspace() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let x = session.output([2, 8], ACL_BF16), y = session.output([2, 8], ACL_INT8), scales = session.output([2])
            expectCode(
                161002,
                session.run(cann.aclnnDynamicQuant, missing: 1) {
                    cann.aclnnDynamicQuantGetWorkspaceSize(x.handle, nil, y.handle, scales.handle, $0, $1)
                })
        }
    }
}

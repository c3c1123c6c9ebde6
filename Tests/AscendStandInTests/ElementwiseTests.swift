import CAscend
import Foundation
import Testing

/// Element-wise operators against f64.
struct ElementwiseTests {
    @Test("Add and Mul broadcast both ways, whatever the types and layouts")
    func broadcasting() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(1)
            let alpha = session.scalar(-0.5)
            for type in aclDataType.floats {
                for layout in Layout.allCases {
                    let a = session.operand([2, 1, 5], type, layout, &random), b = session.operand([3, 1], type, layout, &random)
                    let left = (0..<30).map { a.values[$0 / 15 * 5 + $0 % 5] }, right = (0..<30).map { b.values[$0 / 5 % 3] }
                    let sum = session.output([2, 3, 5], type, layout), product = session.output([2, 3, 5], type, layout)
                    ok(session.run(cann.aclnnAdd) { cann.aclnnAddGetWorkspaceSize(a.handle, b.handle, alpha, sum.handle, $0, $1) })
                    ok(session.run(cann.aclnnMul) { cann.aclnnMulGetWorkspaceSize(a.handle, b.handle, product.handle, $0, $1) })
                    session.expect(sum, zip(left, right).map { $0 - 0.5 * $1 }, "\(type) \(layout)")
                    session.expect(product, zip(left, right).map(*), "\(type) \(layout)")
                }
            }
        }
    }

    @Test("InplaceAdd writes into its first operand, also of mixed types")
    func inPlace() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(2)
            let alpha = session.scalar(2)
            for layout in Layout.allCases {
                let a = session.operand([4, 600], ACL_FLOAT, layout, &random), b = session.operand([600], ACL_BF16, layout, &random)
                ok(session.run(cann.aclnnInplaceAdd) { cann.aclnnInplaceAddGetWorkspaceSize(a.handle, b.handle, alpha, $0, $1) })
                session.expect(a, a.values.indices.map { a.values[$0] + 2 * b.values[$0 % 600] })
            }
        }
    }

    @Test("Adds, Muls and Addcmul")
    func constants() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(3)
            let three = session.scalar(3), half = session.scalar(0.5)
            for (type, layout) in zip(aclDataType.floats, Layout.allCases) {
                let x = session.operand([3, 4], type, layout, &random), gate = session.operand([4], type, layout, &random),
                    y = session.operand([3, 4], type, layout, &random)
                let sum = session.output([3, 4], type, layout), product = session.output([3, 4], type, layout),
                    both = session.output([3, 4], type, layout)
                ok(session.run(cann.aclnnAdds) { cann.aclnnAddsGetWorkspaceSize(x.handle, three, half, sum.handle, $0, $1) })
                ok(session.run(cann.aclnnMuls) { cann.aclnnMulsGetWorkspaceSize(x.handle, three, product.handle, $0, $1) })
                ok(session.run(cann.aclnnAddcmul) { cann.aclnnAddcmulGetWorkspaceSize(x.handle, gate.handle, y.handle, three, both.handle, $0, $1) })
                session.expect(sum, x.values.map { $0 + 1.5 })
                session.expect(product, x.values.map { 3 * $0 })
                session.expect(both, x.values.indices.map { x.values[$0] + 3 * gate.values[$0 % 4] * y.values[$0] })
            }
        }
    }

    @Test("Abs, and Mean and ReduceSum over any axes")
    func means() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            for layout in Layout.allCases {
                let x = session.operand([2, 3], [1, -2, 3, -1, 0.5, -4], ACL_FLOAT, layout), sizes = session.output([2, 3], ACL_FLOAT, layout)
                ok(session.run(cann.aclnnAbs) { cann.aclnnAbsGetWorkspaceSize(x.handle, sizes.handle, $0, $1) })
                #expect(session.read(sizes) == [1, 2, 3, 1, 0.5, 4])
                for (axes, dims, keeps, sums) in [
                    ([0, 1], [1, 1], true, [-2.5]), ([-1], [2], false, [2, -4.5]), ([0], [3], false, [0, -1.5, -1]), ([1], [2, 1], true, [2, -4.5]),
                ] {
                    let y = session.output(dims), axes = session.integers(axes)
                    ok(session.run(cann.aclnnMean) { cann.aclnnMeanGetWorkspaceSize(x.handle, axes, keeps, ACL_FLOAT, y.handle, $0, $1) })
                    session.expect(y, sums.map { $0 * Double(sums.count) / 6 })
                    ok(session.run(cann.aclnnReduceSum) { cann.aclnnReduceSumGetWorkspaceSize(x.handle, axes, keeps, ACL_FLOAT, y.handle, $0, $1) })
                    session.expect(y, sums)
                }
            }
            let x = session.output([2, 3]), rows = session.integers([1])
            expectCode(
                161002,
                session.run(cann.aclnnMean) { cann.aclnnMeanGetWorkspaceSize(x.handle, rows, true, ACL_FLOAT, session.output([2]).handle, $0, $1) })
            expectCode(
                161002,
                session.run(cann.aclnnReduceSum) {
                    cann.aclnnReduceSumGetWorkspaceSize(x.handle, rows, false, ACL_BF16, session.output([2]).handle, $0, $1)
                })
        }
    }

    @Test("integers are added exactly")
    func integers() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let position = session.operand([2], [16_777_217, -3], ACL_INT64), one = session.operand([1], [1.0], ACL_INT64),
                alpha = session.scalar(1, ACL_INT64)
            ok(session.run(cann.aclnnInplaceAdd) { cann.aclnnInplaceAddGetWorkspaceSize(position.handle, one.handle, alpha, $0, $1) })
            #expect(session.read(position) == [16_777_218, -2])
        }
    }

    @Test("Silu, GeluV2 by erf and by tanh, and SwiGlu")
    func activations() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(4)
            func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }
            for type in aclDataType.floats {
                for layout in Layout.allCases {
                    let x = session.operand([3, 8], random.normals(24).map { 3 * $0 }, type, layout)
                    let a = session.output([3, 8], type, layout), b = session.output([3, 8], type, layout), c = session.output([3, 8], type, layout)
                    ok(session.run(cann.aclnnSilu) { cann.aclnnSiluGetWorkspaceSize(x.handle, a.handle, $0, $1) })
                    ok(session.run(cann.aclnnGeluV2) { cann.aclnnGeluV2GetWorkspaceSize(x.handle, 0, b.handle, $0, $1) })
                    ok(session.run(cann.aclnnGeluV2) { cann.aclnnGeluV2GetWorkspaceSize(x.handle, 1, c.handle, $0, $1) })
                    session.expect(a, x.values.map(silu))
                    session.expect(b, x.values.map { $0 * 0.5 * erfc(-$0 / 2.0.squareRoot()) })
                    session.expect(c, x.values.map { 0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) })
                }
                for axis in [1, -1, 0] {
                    let shape = axis == 0 ? [4, 3] : [3, 4], halved = axis == 0 ? [2, 3] : [3, 2]
                    let x = session.operand(shape, type, .dense, &random), y = session.output(halved, type)
                    ok(session.run(cann.aclnnSwiGlu) { cann.aclnnSwiGluGetWorkspaceSize(x.handle, Int64(axis), y.handle, $0, $1) })
                    session.expect(
                        y,
                        (0..<6).map {
                            let first = axis == 0 ? $0 : $0 / 2 * 4 + $0 % 2
                            return silu(x.values[first]) * x.values[first + (axis == 0 ? 6 : 2)]
                        })
                }
            }
        }
    }

    @Test("Softmax along any axis; a row of −Inf is NaN")
    func softmax() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(5)
            for type in aclDataType.floats {
                for layout in Layout.allCases {
                    for axis in [0, 1, -1] {
                        let x = session.operand([3, 4, 5], random.normals(60).map { 20 * $0 }, type, layout),
                            y = session.output([3, 4, 5], type, layout)
                        ok(session.run(cann.aclnnSoftmax) { cann.aclnnSoftmaxGetWorkspaceSize(x.handle, Int64(axis), y.handle, $0, $1) })
                        let stride = [20, 5, 1][(axis + 3) % 3], length = x.dims[(axis + 3) % 3]
                        session.expect(
                            y,
                            x.values.indices.map { at in
                                let first = at - at / stride % length * stride
                                return exp(x.values[at]) / (0..<length).reduce(0) { $0 + exp(x.values[first + $1 * stride]) }
                            })
                    }
                }
            }
            let nothing = session.operand([1, 2], [-.infinity, -.infinity]), y = session.output([1, 2])
            ok(session.run(cann.aclnnSoftmax) { cann.aclnnSoftmaxGetWorkspaceSize(nothing.handle, 1, y.handle, $0, $1) })
            let blank = session.read(y).allSatisfy { $0.isNaN }
            #expect(blank)
        }
    }

    @Test("shapes that don't broadcast, floats into integers, wrong attributes and SwiGlu's strided input are refused")
    func limits() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let x = session.output([2, 4]), y = session.output([2, 4]), three = session.output([3]), whole = session.output([2, 4], ACL_INT32),
                one = session.scalar(1)
            func add(_ a: Operand?, _ b: Operand?, _ c: Operand?, _ alpha: OpaquePointer?) -> Int32 {
                session.run(cann.aclnnAdd) { cann.aclnnAddGetWorkspaceSize(a?.handle, b?.handle, alpha, c?.handle, $0, $1) }
            }
            #expect(add(x, x, y, one) == 0)
            #expect(add(x, three, y, one) == 161002)
            #expect(add(x, x, three, one) == 161002)
            #expect(add(x, x, whole, one) == 161002)
            #expect(add(whole, whole, whole, one) == 161002)
            #expect(add(x, x, y, nil) == 161001)
            #expect(add(x, nil, y, one) == 161001)
            expectCode(
                161002,
                session.run(cann.aclnnInplaceAdd) { cann.aclnnInplaceAddGetWorkspaceSize(three.handle, session.output([2, 3]).handle, one, $0, $1) })
            expectCode(161002, session.run(cann.aclnnGeluV2) { cann.aclnnGeluV2GetWorkspaceSize(x.handle, 2, y.handle, $0, $1) })
            expectCode(161002, session.run(cann.aclnnSilu) { cann.aclnnSiluGetWorkspaceSize(x.handle, whole.handle, $0, $1) })
            expectCode(161002, session.run(cann.aclnnSilu) { cann.aclnnSiluGetWorkspaceSize(whole.handle, whole.handle, $0, $1) })
            expectCode(161002, session.run(cann.aclnnSoftmax) { cann.aclnnSoftmaxGetWorkspaceSize(x.handle, 2, y.handle, $0, $1) })
            let half = session.output([2, 2])
            expectCode(
                161002,
                session.run(cann.aclnnSwiGlu) {
                    cann.aclnnSwiGluGetWorkspaceSize(session.output([2, 4], ACL_FLOAT, .spaced).handle, 1, half.handle, $0, $1)
                })
            expectCode(
                161002, session.run(cann.aclnnSwiGlu) { cann.aclnnSwiGluGetWorkspaceSize(session.output([2, 3]).handle, 1, half.handle, $0, $1) })
        }
    }

    @Test("a sum into a part of its own operand; into just its operand it may go")
    func shifted() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let x = session.operand([2, 4], (0..<8).map(Double.init)), alpha = session.scalar(1)
            ok(session.run(cann.aclnnAdd) { cann.aclnnAddGetWorkspaceSize(x.handle, x.handle, alpha, x.handle, $0, $1) })
            session.expect(x, (0..<8).map { Double(2 * $0) })
        }
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let block = session.memory(64), alpha = session.scalar(1)
            let a = cann.aclCreateTensor([8], 1, ACL_FLOAT, nil, 0, ACL_FORMAT_ND, [16], 1, block),
                b = cann.aclCreateTensor([8], 1, ACL_FLOAT, nil, 1, ACL_FORMAT_ND, [16], 1, block)
            _ = session.run(cann.aclnnAdd) { cann.aclnnAddGetWorkspaceSize(a, a, alpha, b, $0, $1) }
        }
        expectRefusal(result, "aclnnAdd would read [8] while it writes [8]")
    }

    @Test("910A has no kernel of SwiGlu, 310P none of Addcmul")
    func chips() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["SOC": "Ascend910A"])
            let x = session.output([2, 4], ACL_FLOAT16), half = session.output([2, 2], ACL_FLOAT16)
            expectCode(561003, session.run(cann.aclnnSwiGlu) { cann.aclnnSwiGluGetWorkspaceSize(x.handle, 1, half.handle, $0, $1) })
        }
        await #expect(processExitsWith: .success) {
            let session = Session(["SOC": "Ascend310P3"])
            let x = session.output([2, 4], ACL_FLOAT16), one = session.scalar(1)
            expectCode(
                561003, session.run(cann.aclnnAddcmul) { cann.aclnnAddcmulGetWorkspaceSize(x.handle, x.handle, x.handle, one, x.handle, $0, $1) })
        }
    }
}

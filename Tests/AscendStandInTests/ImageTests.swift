import CAscend
import Foundation
import Testing

/// Convolution, upsampling and rotary embedding against f64.
struct ImageTests {
    struct Convolution {
        var stride = [1, 1], padding = [0, 0], dilation = [1, 1], groups = 1

        /// x `[n, c, h, w]`, w `[o, c / groups, kh, kw]`; answers y and its shape.
        func callAsFunction(_ x: Operand, _ w: Operand, _ bias: Operand?) -> (values: [Double], dims: [Int]) {
            let (top, left) = padding.count == 4 ? (padding[0], padding[2]) : (padding[0], padding[1])
            let (bottom, right) = padding.count == 4 ? (padding[1], padding[3]) : (padding[0], padding[1])
            let height = (x.dims[2] + top + bottom - dilation[0] * (w.dims[2] - 1) - 1) / stride[0] + 1
            let width = (x.dims[3] + left + right - dilation[1] * (w.dims[3] - 1) - 1) / stride[1] + 1
            let dims = [x.dims[0], w.dims[0], height, width]
            let values = (0..<dims.reduce(1, *)).map { at in
                let column = at % width, row = at / width % height, output = at / (width * height) % w.dims[0],
                    page = at / (width * height * w.dims[0])
                let group = output / (w.dims[0] / groups)
                var sum = bias?.values[output] ?? 0
                for c in 0..<w.dims[1] {
                    for i in 0..<w.dims[2] {
                        for j in 0..<w.dims[3] {
                            let y = row * stride[0] + i * dilation[0] - top, x1 = column * stride[1] + j * dilation[1] - left
                            guard y >= 0, y < x.dims[2], x1 >= 0, x1 < x.dims[3] else { continue }
                            let channel = group * w.dims[1] + c
                            sum +=
                                x.values[((page * x.dims[1] + channel) * x.dims[2] + y) * x.dims[3] + x1]
                                * w.values[((output * w.dims[1] + c) * w.dims[2] + i) * w.dims[3] + j]
                        }
                    }
                }
                return sum
            }
            return (values, dims)
        }
    }

    @Test("Convolution: strides, padding of two or four sides, dilation, groups, with and without bias, across its blocks")
    func convolution() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(1)
            let cases: [(ImageTests.Convolution, [Int], [Int])] = [
                (.init(), [1, 3, 5, 6], [4, 3, 1, 1]),
                (.init(padding: [1, 1]), [2, 4, 7, 5], [5, 4, 3, 3]),
                (.init(stride: [2, 2], padding: [0, 1, 0, 1]), [1, 4, 8, 8], [6, 4, 3, 3]),
                (.init(stride: [2, 1], padding: [2, 1], dilation: [2, 1], groups: 2), [1, 4, 9, 8], [6, 2, 3, 2]),
                (.init(padding: [1, 1]), [1, 2, 70, 71], [3, 2, 3, 3]),
            ]
            for (index, (convolution, input, kernel)) in cases.enumerated() {
                for (type, layout) in zip(aclDataType.floats, Layout.allCases) {
                    let x = session.operand(input, type, layout, format: ACL_FORMAT_NCHW, &random),
                        w = session.operand(kernel, type, layout, format: ACL_FORMAT_NCHW, &random)
                    let bias = index == 0 ? nil : session.operand([kernel[0]], type, layout, &random)
                    let expected = convolution(x, w, bias), y = session.output(expected.dims, type, layout, format: ACL_FORMAT_NCHW)
                    ok(
                        session.run(cann.aclnnConvolution) {
                            cann.aclnnConvolutionGetWorkspaceSize(
                                x.handle, w.handle, bias?.handle, session.integers(convolution.stride), session.integers(convolution.padding),
                                session.integers(convolution.dilation), false,
                                session.integers([0, 0]), Int64(convolution.groups), y.handle, 0, $0, $1)
                        })
                    session.expect(y, expected.values, "case \(index) \(type) \(layout)")
                }
            }
        }
    }

    @Test("Convolution refuses what isn't NCHW, mixes types, or doesn't fit; 910A has none")
    func convolutionLimits() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            func image(_ dims: [Int], _ type: aclDataType = ACL_BF16) -> Operand { session.output(dims, type, format: ACL_FORMAT_NCHW) }
            func refuses(_ x: Operand, _ w: Operand, _ y: Operand, groups: Int64 = 1) -> Bool {
                session.run(cann.aclnnConvolution) {
                    cann.aclnnConvolutionGetWorkspaceSize(
                        x.handle, w.handle, nil, session.integers([1, 1]), session.integers([0, 0]), session.integers([1, 1]), false,
                        session.integers([0, 0]), groups, y.handle, 0, $0, $1)
                } == 161002
            }
            let x = image([1, 2, 4, 4]), w = image([2, 2, 3, 3]), y = image([1, 2, 2, 2])
            #expect(!refuses(x, w, y))
            #expect(refuses(session.output([1, 2, 4, 4], ACL_BF16), w, y))
            #expect(refuses(image([1, 2, 4, 4], ACL_FLOAT16), w, y))
            #expect(refuses(x, image([2, 3, 3, 3]), y))
            #expect(refuses(x, w, image([1, 2, 4, 4])))
            #expect(refuses(x, image([2, 2, 5, 5]), y))
            #expect(refuses(x, w, y, groups: 2))
        }
        await #expect(processExitsWith: .success) {
            let session = Session(["SOC": "Ascend910A"])
            let x = session.output([1, 1, 1, 1], ACL_FLOAT16, format: ACL_FORMAT_NCHW),
                y = session.output([1, 1, 1, 1], ACL_FLOAT16, format: ACL_FORMAT_NCHW), one = session.integers([1, 1])
            expectCode(
                561003,
                session.run(cann.aclnnConvolution) {
                    cann.aclnnConvolutionGetWorkspaceSize(
                        x.handle, x.handle, nil, one, session.integers([0, 0]), one, false, one, 1, y.handle, 0, $0, $1)
                })
        }
    }

    @Test("UpsampleNearest2d, channels first or last")
    func upsample() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(2)
            for (type, layout) in zip(aclDataType.floats, Layout.allCases) {
                let x = session.operand([2, 3, 2, 3], type, layout, format: ACL_FORMAT_NCHW, &random),
                    y = session.output([2, 3, 4, 7], type, layout, format: ACL_FORMAT_NCHW)
                ok(
                    session.run(cann.aclnnUpsampleNearest2d) {
                        cann.aclnnUpsampleNearest2dGetWorkspaceSize(x.handle, session.integers([4, 7]), y.handle, $0, $1)
                    })
                session.expect(y, (0..<168).map { x.values[$0 / 28 * 6 + $0 / 7 % 4 / 2 * 3 + $0 % 7 * 3 / 7] })
                let z = session.operand([1, 2, 2, 3], type, layout, format: ACL_FORMAT_NHWC, &random),
                    wide = session.output([1, 4, 2, 3], type, layout, format: ACL_FORMAT_NHWC)
                ok(
                    session.run(cann.aclnnUpsampleNearest2d) {
                        cann.aclnnUpsampleNearest2dGetWorkspaceSize(z.handle, session.integers([4, 2]), wide.handle, $0, $1)
                    })
                session.expect(wide, (0..<24).map { z.values[$0 / 12 * 6 + $0 % 6] })
            }
            let x = session.output([1, 1, 2, 2], format: ACL_FORMAT_NCHW), y = session.output([1, 1, 4, 4], format: ACL_FORMAT_NCHW)
            func run(_ x: Operand, _ size: [Int]) -> Int32 {
                session.run(cann.aclnnUpsampleNearest2d) {
                    cann.aclnnUpsampleNearest2dGetWorkspaceSize(x.handle, session.integers(size), y.handle, $0, $1)
                }
            }
            #expect(run(x, [4, 3]) == 161002)
            #expect(run(x, [4]) == 161002)
            #expect(run(session.output([1, 1, 2, 2]), [4, 4]) == 161002)
        }
        await #expect(processExitsWith: .success) {
            let session = Session(["SOC": "Ascend310P3"])
            let x = session.output([1, 1, 2, 2], format: ACL_FORMAT_NCHW), y = session.output([1, 1, 4, 4], format: ACL_FORMAT_NCHW)
            expectCode(
                161002,
                session.run(cann.aclnnUpsampleNearest2d) {
                    cann.aclnnUpsampleNearest2dGetWorkspaceSize(x.handle, session.integers([4, 4]), y.handle, $0, $1)
                })
        }
    }

    @Test("RotaryPositionEmbedding by halves and by neighbours")
    func rotary() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(3)
            for (type, layout) in zip(aclDataType.floats, Layout.allCases) {
                for mode in 0...1 {
                    let x = session.operand([2, 5, 3, 8], type, layout, &random), out = session.output([2, 5, 3, 8], type)
                    let cosine = session.operand([1, 5, 1, 8], type, layout, &random), sine = session.operand([1, 5, 1, 8], type, layout, &random)
                    ok(
                        session.run(cann.aclnnRotaryPositionEmbedding) {
                            cann.aclnnRotaryPositionEmbeddingGetWorkspaceSize(x.handle, cosine.handle, sine.handle, Int64(mode), out.handle, $0, $1)
                        })
                    session.expect(
                        out,
                        x.values.indices.map { at in
                            let j = at % 8, row = at / 24 % 5 * 8 + j
                            let partner =
                                mode == 0 ? (j < 4 ? -x.values[at + 4] : x.values[at - 4]) : (j % 2 == 0 ? -x.values[at + 1] : x.values[at - 1])
                            return x.values[at] * cosine.values[row] + partner * sine.values[row]
                        })
                }
            }
        }
    }

    @Test("RotaryPositionEmbedding's limits: width even and below 896, axes below 1000, neighbours only with shared angles, out contiguous")
    func rotaryLimits() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            func run(_ dims: [Int], _ angles: [Int], mode: Int64 = 0, _ layout: Layout = .dense, _ angleType: aclDataType = ACL_FLOAT) -> Int32 {
                let x = session.output(dims), cosine = session.output(angles, angleType), out = session.output(dims, ACL_FLOAT, layout)
                return session.run(cann.aclnnRotaryPositionEmbedding) {
                    cann.aclnnRotaryPositionEmbeddingGetWorkspaceSize(x.handle, cosine.handle, cosine.handle, mode, out.handle, $0, $1)
                }
            }
            #expect(run([1, 2, 3, 4], [1, 2, 1, 4]) == 0)
            #expect(run([1, 2, 3, 5], [1, 2, 1, 5]) == 561002)
            #expect(run([1, 2, 3, 896], [1, 2, 1, 896]) == 561002)
            #expect(run([1, 2, 1000, 2], [1, 2, 1, 2]) == 561002)
            #expect(run([25, 2, 40, 2], [1, 2, 1, 2]) == 0)
            #expect(run([25, 2, 40, 2], [1, 2, 1, 2], mode: 1) == 561002)
            #expect(run([2, 2, 3, 4], [2, 2, 1, 4], mode: 1) == 561002)
            #expect(run([1, 2, 3, 4], [1, 2, 1, 4], mode: 4) == 161002)
            #expect(run([1, 2, 3, 4], [1, 3, 1, 4]) == 161002)
            #expect(run([1, 2, 3, 4], [1, 2, 1, 4], .spaced) == 161002)
            #expect(run([1, 2, 3, 4], [1, 2, 1, 4], .dense, ACL_BF16) == 161002)
        }
    }
}

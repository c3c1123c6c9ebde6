import CAscend
import Foundation
import Testing

/// Norms against f64.
struct NormTests {
    /// Mean and reciprocal deviation of each row.
    static func statistics(_ x: [Double], _ width: Int, _ epsilon: Double) -> [(mean: Double, rstd: Double)] {
        stride(from: 0, to: x.count, by: width).map { first in
            let row = x[first..<first + width], mean = row.reduce(0, +) / Double(width)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
            return (mean, 1 / (variance + epsilon).squareRoot())
        }
    }

    @Test("RmsNorm and its rstd, gamma of x's type or f32")
    func rmsNorm() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(1)
            for type in aclDataType.floats {
                for layout in Layout.allCases {
                    for gammaType in [type, ACL_FLOAT] {
                        let x = session.operand([2, 3, 40], type, layout, &random), gamma = session.operand([40], gammaType, layout, &random)
                        let y = session.output([2, 3, 40], type, layout), rstd = session.output([2, 3, 1], ACL_FLOAT, layout)
                        ok(
                            session.run(cann.aclnnRmsNorm) {
                                cann.aclnnRmsNormGetWorkspaceSize(x.handle, gamma.handle, 1e-5, y.handle, rstd.handle, $0, $1)
                            })
                        let inverse = (0..<6).map { row in
                            1 / (x.values[row * 40..<row * 40 + 40].reduce(0) { $0 + $1 * $1 } / 40 + 1e-5).squareRoot()
                        }
                        session.expect(rstd, inverse)
                        session.expect(y, x.values.indices.map { x.values[$0] * inverse[$0 / 40] * gamma.values[$0 % 40] }, "\(type) \(layout)")
                    }
                }
            }
        }
    }

    @Test("RmsNorm: an rstd that is too small faults on the device, 507035; other misfits are refused")
    func rmsNormLimits() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            func norm(_ x: Operand?, _ gamma: Operand, _ y: Operand, _ rstd: Operand?) -> Int32 {
                session.run(cann.aclnnRmsNorm) { cann.aclnnRmsNormGetWorkspaceSize(x?.handle, gamma.handle, 1e-5, y.handle, rstd?.handle, $0, $1) }
            }
            let x = session.output([2, 8], ACL_BF16), gamma = session.output([8], ACL_BF16), y = session.output([2, 8], ACL_BF16),
                rstd = session.output([2, 1])
            #expect(norm(x, gamma, y, rstd) == 0)
            #expect(norm(x, gamma, y, session.output([1, 1])) == 507035)
            #expect(message().contains("rstd [1, 1] is too small for 2 rows"))
            #expect(norm(x, gamma, y, nil) == 161001)
            #expect(norm(x, gamma, y, session.output([2, 1], ACL_BF16)) == 161002)
            #expect(norm(x, gamma, y, session.output([2])) == 161002)
            #expect(norm(x, session.output([4], ACL_BF16), y, rstd) == 161002)
            #expect(norm(x, session.output([8], ACL_FLOAT16), y, rstd) == 161002)
            #expect(norm(x, gamma, session.output([2, 8]), rstd) == 161002)
        }
        await #expect(processExitsWith: .success) {
            let session = Session(["SOC": "Ascend910A"])
            let x = session.output([2, 8], ACL_FLOAT16), gamma = session.output([8], ACL_FLOAT16), rstd = session.output([2, 1])
            expectCode(
                561003,
                session.run(cann.aclnnRmsNorm) { cann.aclnnRmsNormGetWorkspaceSize(x.handle, gamma.handle, 1e-5, x.handle, rstd.handle, $0, $1) })
        }
    }

    @Test("AddRmsNorm gives the sum, rounded, and the norm of it")
    func addRmsNorm() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(4)
            for type in aclDataType.floats {
                let x1 = session.operand([2, 3, 40], type, .dense, &random), x2 = session.operand([2, 3, 40], type, .dense, &random)
                let gamma = session.operand([40], type, .dense, &random)
                let y = session.output([2, 3, 40], type), rstd = session.output([2, 3, 1]), x = session.output([2, 3, 40], type)
                ok(
                    session.run(cann.aclnnAddRmsNorm) {
                        cann.aclnnAddRmsNormGetWorkspaceSize(x1.handle, x2.handle, gamma.handle, 1e-5, y.handle, rstd.handle, x.handle, $0, $1)
                    })
                session.expect(x, zip(x1.values, x2.values).map { $0 + $1 })
                let sum = session.read(x)
                let inverse = (0..<6).map { row in 1 / (sum[row * 40..<row * 40 + 40].reduce(0) { $0 + $1 * $1 } / 40 + 1e-5).squareRoot() }
                session.expect(rstd, inverse)
                session.expect(y, sum.indices.map { sum[$0] * inverse[$0 / 40] * gamma.values[$0 % 40] }, "\(type)")
            }
        }
    }

    @Test("AddRmsNorm wants all of one type and dense, a sum in memory of its own, and refuses what doesn't fit")
    func addRmsNormLimits() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let x = session.output([2, 8], ACL_BF16), other = session.output([2, 8], ACL_BF16), gamma = session.output([8], ACL_BF16)
            let y = session.output([2, 8], ACL_BF16), rstd = session.output([2, 1]), sum = session.output([2, 8], ACL_BF16)
            func norm(_ other: Operand?, _ gamma: Operand, _ rstd: Operand, _ sum: Operand) -> Int32 {
                session.run(cann.aclnnAddRmsNorm) {
                    cann.aclnnAddRmsNormGetWorkspaceSize(
                        x.handle, other?.handle, gamma.handle, 1e-5, y.handle, rstd.handle, sum.handle, $0, $1)
                }
            }
            #expect(norm(other, gamma, rstd, sum) == 0)
            #expect(norm(nil, gamma, rstd, sum) == 161001)
            #expect(norm(session.output([2, 8]), gamma, rstd, sum) == 161002)
            #expect(norm(other, session.output([8]), rstd, sum) == 161002)
            #expect(norm(other, session.output([4], ACL_BF16), rstd, sum) == 161002)
            #expect(norm(other, gamma, session.output([2, 1], ACL_BF16), sum) == 161002)
            #expect(norm(other, gamma, session.output([2]), sum) == 161002)
            #expect(norm(other, gamma, rstd, session.output([2, 8], ACL_BF16, .spaced)) == 161002)
        }
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let x = session.output([2, 8], ACL_BF16), gamma = session.output([8], ACL_BF16), y = session.output([2, 8], ACL_BF16)
            let other = session.output([2, 8], ACL_BF16), rstd = session.output([2, 1])
            _ = session.run(cann.aclnnAddRmsNorm) {
                cann.aclnnAddRmsNormGetWorkspaceSize(x.handle, other.handle, gamma.handle, 1e-5, y.handle, rstd.handle, x.handle, $0, $1)
            }
        }
        expectRefusal(result, "aclnnAddRmsNorm would read [2, 8] while it writes [2, 8]")
    }

    @Test("LayerNorm with and without weight, bias, mean and rstd")
    func layerNorm() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(2)
            for type in aclDataType.floats {
                for layout in Layout.allCases {
                    let x = session.operand([3, 4, 10], type, layout, &random)
                    for axes in [[10], [4, 10]] {
                        let width = axes.reduce(1, *), statistics = NormTests.statistics(x.values, width, 1e-6)
                        let weight = session.operand(axes, ACL_FLOAT, layout, &random), bias = session.operand(axes, type, layout, &random)
                        let leading = axes.count == 1 ? [3, 4, 1] : [3, 1, 1]
                        let plain = session.output([3, 4, 10], type, layout), full = session.output([3, 4, 10], type, layout)
                        let mean = session.output(leading, ACL_FLOAT, layout), rstd = session.output(leading, ACL_FLOAT, layout)
                        let shape = session.integers(axes)
                        ok(
                            session.run(cann.aclnnLayerNorm) {
                                cann.aclnnLayerNormGetWorkspaceSize(x.handle, shape, nil, nil, 1e-6, plain.handle, nil, nil, $0, $1)
                            })
                        ok(
                            session.run(cann.aclnnLayerNorm) {
                                cann.aclnnLayerNormGetWorkspaceSize(
                                    x.handle, shape, weight.handle, bias.handle, 1e-6, full.handle, mean.handle, rstd.handle, $0, $1)
                            })
                        let normal = x.values.indices.map { (x.values[$0] - statistics[$0 / width].mean) * statistics[$0 / width].rstd }
                        session.expect(plain, normal)
                        session.expect(full, normal.indices.map { normal[$0] * weight.values[$0 % width] + bias.values[$0 % width] })
                        session.expect(mean, statistics.map(\.mean))
                        session.expect(rstd, statistics.map(\.rstd))
                    }
                }
            }
        }
    }

    @Test("GroupNorm, and with Silu in one")
    func groupNorm() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var random = Random(3)
            for type in aclDataType.floats {
                for layout in Layout.allCases {
                    let x = session.operand([2, 6, 3, 5], type, layout, &random), gamma = session.operand([6], type, layout, &random),
                        beta = session.operand([6], type, layout, &random)
                    let statistics = NormTests.statistics(x.values, 30, 1e-6)
                    let normal = x.values.indices.map { at in
                        let channel = at / 15 % 6
                        return (x.values[at] - statistics[at / 30].mean) * statistics[at / 30].rstd * gamma.values[channel] + beta.values[channel]
                    }
                    let y = session.output(x.dims, type, layout), z = session.output(x.dims, type, layout),
                        mean = session.output([2, 3], type, layout), rstd = session.output([2, 3], type, layout)
                    ok(
                        session.run(cann.aclnnGroupNorm) {
                            cann.aclnnGroupNormGetWorkspaceSize(
                                x.handle, gamma.handle, beta.handle, 2, 6, 15, 3, 1e-6, y.handle, mean.handle, rstd.handle, $0, $1)
                        })
                    ok(
                        session.run(cann.aclnnGroupNormSilu) {
                            cann.aclnnGroupNormSiluGetWorkspaceSize(
                                x.handle, gamma.handle, beta.handle, 3, 1e-6, z.handle, mean.handle, rstd.handle, $0, $1)
                        })
                    session.expect(y, normal)
                    session.expect(z, normal.map { $0 / (1 + exp(-$0)) })
                    session.expect(mean, statistics.map(\.mean))
                    session.expect(rstd, statistics.map(\.rstd))
                }
            }
        }
    }

    @Test("LayerNorm and GroupNorm refuse shapes and types that don't fit; 310P has no LayerNorm")
    func limits() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let x = session.output([2, 8], ACL_BF16), y = session.output([2, 8], ACL_BF16), gamma = session.output([8], ACL_BF16),
                statistics = session.output([2, 4], ACL_BF16)
            func layerNorm(_ shape: [Int], _ weight: Operand?) -> Int32 {
                session.run(cann.aclnnLayerNorm) {
                    cann.aclnnLayerNormGetWorkspaceSize(x.handle, session.integers(shape), weight?.handle, nil, 1e-6, y.handle, nil, nil, $0, $1)
                }
            }
            #expect(layerNorm([8], gamma) == 0)
            #expect(layerNorm([4], nil) == 161002)
            #expect(layerNorm([2, 2, 8], nil) == 161002)
            #expect(layerNorm([8], session.output([8], ACL_FLOAT16)) == 161002)
            #expect(layerNorm([8], session.output([4], ACL_BF16)) == 161002)
            func groupNorm(_ gamma: Operand, _ mean: Operand, channels: Int64 = 8, groups: Int64 = 4, epsilon: Double = 1e-6) -> Int32 {
                session.run(cann.aclnnGroupNorm) {
                    cann.aclnnGroupNormGetWorkspaceSize(
                        x.handle, gamma.handle, gamma.handle, 2, channels, 1, groups, epsilon, y.handle, mean.handle, statistics.handle, $0, $1)
                }
            }
            #expect(groupNorm(gamma, statistics) == 0)
            #expect(groupNorm(gamma, statistics, channels: 4) == 161002)
            #expect(groupNorm(gamma, statistics, groups: 3) == 161002)
            #expect(groupNorm(gamma, statistics, epsilon: 0) == 161002)
            #expect(groupNorm(session.output([8]), statistics) == 161002)
            #expect(groupNorm(gamma, session.output([2, 8], ACL_BF16)) == 161002)
        }
        await #expect(processExitsWith: .success) {
            let session = Session(["SOC": "Ascend310P3"])
            let x = session.output([2, 8], ACL_FLOAT16)
            expectCode(
                561003,
                session.run(cann.aclnnLayerNorm) {
                    cann.aclnnLayerNormGetWorkspaceSize(x.handle, session.integers([8]), nil, nil, 1e-6, x.handle, nil, nil, $0, $1)
                })
        }
    }
}

import Tensor
import TensorAscend
import TensorCPU
import Testing

/// The largest difference, relative to the largest true value.
func relativeError(_ values: [Float], _ truth: [Float]) -> Double {
    guard values.count == truth.count else { return .infinity }
    var worst = 0.0, scale = Double(Float.leastNormalMagnitude)
    for (value, true_) in zip(values, truth) {
        guard value.isFinite else { return .infinity }
        worst = max(worst, Double(abs(value - true_)))
        scale = max(scale, Double(abs(true_)))
    }
    return worst / scale
}

/// Runs `body` on the CPU in f32 and on the device, and expects the same numbers within the variant's tolerance.
func expectAgreement(_ variant: Variant, sourceLocation: SourceLocation = #_sourceLocation, _ body: (any Device) throws -> [Float]) throws {
    let truth = try body(CPUDevice(threads: 1))
    let error = relativeError(try body(try variant.device), truth)
    #expect(error <= variant.tolerance, "error \(error)", sourceLocation: sourceLocation)
}

/// Everything that runs on a device, one test after another: a device serves one thread at a time.
@Suite(.serialized) enum OnDevice {}

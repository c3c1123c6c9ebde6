import ModelConfiguration
import Tensor

/// What one branch of guidance keeps from step to step of a picture, so that most steps skip the blocks in the middle.
///
/// Every step computes the first blocks. Where what they add to the image's rows has changed little since the last step that was computed in
/// full, what the middle ones add is forecast. The last ones refine the sum.
///
/// Source: cache-dit f86744a, `DBCache`.
final class StepCache {
    private let device: any Device
    private var policy: StepCachePolicy
    /// What the first blocks have added to the image's rows, in the last step that was computed in full and in this one: `[image, hidden]`. f32,
    /// like all that is summed over steps: their difference is small beside them.
    private var residual, newResidual: Tensor
    /// What the blocks in the middle add.
    private var added: TaylorForecast
    private let means: Tensor  // [2]
    /// Nil where the device computes passes alone.
    private let average: RankAverage?
    /// Of the last step.
    private(set) var decision = StepCachePolicy.Decision.compute

    /// - Parameter span: the rank's rows of a pass.
    init(threshold: Float, _ span: SequenceSpan, hidden: Int, on device: any Device, _ communicator: (any Communicator)?) {
        self.device = device
        policy = StepCachePolicy(threshold: threshold)
        residual = device.makeTensor(Shape(span.imageRows.count, hidden), .f32)
        newResidual = device.makeTensor(residual.shape, .f32)
        added = TaylorForecast(rows: span.rows.count, hidden: hidden, on: device)
        means = device.makeTensor([2], .f32)
        average = communicator.map { RankAverage($0, span, count: 2, on: device) }
    }

    /// Runs a pass through the blocks, or through some of them.
    /// - Parameters:
    ///   - blocks: how many there are.
    ///   - step: from 0.
    ///   - count: steps of the picture.
    ///   - compute: computes some of the blocks on `pass.x`.
    func run(_ pass: ForwardPass, blocks: Int, step: Int, of count: Int, compute: (Range<Int>) throws -> Void) throws {
        let middle = StepCaching.firstBlocks..<blocks - StepCaching.lastBlocks
        let image = pass.x.rows(pass.imageRows)
        device.copy(image, to: newResidual)
        try compute(0..<middle.lowerBound)
        device.add(image, times: 1, to: newResidual, times: -1)
        decision = try policy.decide(step: step, of: count) { try residualChange(in: pass.normed.rows(pass.imageRows)) }
        switch decision {
        case .compute:
            swap(&residual, &newResidual)
            added.hold(pass.x)
            try compute(middle)
            added.learn(pass.x, step: step)
        case .forecast: added.forecast(step, to: pass.x)
        }
        try compute(middle.upperBound..<blocks)
    }

    /// Waits for the device, and for other ranks.
    /// - Parameter scratch: `[image, hidden]`; is overwritten.
    private func residualChange(in scratch: Tensor) throws -> Float {
        if scratch.rows > 0 {
            let scratch = scratch.dtype == .f32 ? scratch : device.makeTensor(scratch.shape, .f32)
            device.copy(newResidual, to: scratch)
            device.add(residual, times: 1, to: scratch, times: -1)
            device.meanAbsolute(scratch, into: means.elements(0..<1))
            device.meanAbsolute(residual, into: means.elements(1..<2))
        }
        let values = try average.map { try $0(means) } ?? device.floats(means)
        return values[0] / values[1]
    }
}

import ModelConfiguration
import Tensor

/// What one branch of guidance keeps from step to step of a picture, so that most steps skip the blocks in the middle.
///
/// What the middle blocks add, Δ, is a smooth function of the step. Each step that is computed in full gives its value and, by differences to
/// the one before, its derivatives: the terms of a Taylor polynomial that forecasts it for the steps that follow.
///
/// Source: cache-dit f86744a, `DBCache` with `TaylorSeer`.
final class StepCache {
    private let device: any Device
    private var policy: StepCachePolicy
    /// What the first blocks have added to the image's rows, in the last step that was computed in full and in this one: `[image, hidden]`.
    private var residual, newResidual: Tensor
    /// Δ and its derivatives by the step, as of the last step that was computed in full: `[text + image, hidden]` each.
    private var terms: [Tensor]
    private var knownTerms = 0
    /// The last step that was computed in full.
    private var fullStep = 0
    private let means: Tensor  // [2]
    /// Of the last step.
    private(set) var decision = StepCachePolicy.Decision.compute

    /// - Parameters:
    ///   - image: rows of the image.
    ///   - text: rows of text in front of them.
    init(threshold: Float, image: Int, text: Int, hidden: Int, on device: any Device) {
        self.device = device
        policy = StepCachePolicy(threshold: threshold)
        residual = device.makeTensor(Shape(image, hidden), .f32)
        newResidual = device.makeTensor(Shape(image, hidden), .f32)
        terms = (0...StepCaching.order).map { _ in device.makeTensor(Shape(text + image, hidden), .f32) }
        means = device.makeTensor([2], .f32)
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
            // The highest term's memory is free: its new value follows from the lower ones.
            device.copy(pass.x, to: terms[StepCaching.order])
            try compute(middle)
            device.add(pass.x, times: 1, to: terms[StepCaching.order], times: -1)
            differentiate(step)
        case .forecast: forecast(step, to: pass.x)
        }
        try compute(middle.upperBound..<blocks)
    }

    /// Waits for the device.
    /// - Parameter scratch: `[image, hidden]`; is overwritten.
    private func residualChange(in scratch: Tensor) throws -> Float {
        device.copy(newResidual, to: scratch)
        device.add(residual, times: 1, to: scratch, times: -1)
        device.meanAbsolute(scratch, into: means.elements(0..<1))
        device.meanAbsolute(residual, into: means.elements(1..<2))
        let values = try device.floats(means)
        return values[0] / values[1]
    }

    /// The last of the terms holds the new Δ, and becomes the first; each of the others becomes the derivative of what it was.
    private func differentiate(_ step: Int) {
        var lower = terms[StepCaching.order]
        for index in 0..<min(knownTerms, StepCaching.order) {
            let rate = 1 / Float(step - fullStep)
            device.add(lower, times: rate, to: terms[index], times: -rate)
            lower = terms[index]
        }
        terms.insert(terms.removeLast(), at: 0)
        knownTerms = min(knownTerms + 1, terms.count)
        fullStep = step
    }

    /// Adds the Taylor polynomial's value at the step to `x`.
    private func forecast(_ step: Int, to x: Tensor) {
        var factor: Float = 1
        for (index, term) in terms.prefix(knownTerms).enumerated() {
            device.add(term, times: factor, to: x, times: 1)
            factor *= Float(step - fullStep) / Float(index + 1)
        }
    }
}

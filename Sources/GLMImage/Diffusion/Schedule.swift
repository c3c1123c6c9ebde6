package import ModelConfiguration
import Foundation

/// The time steps that the transformer is given and the noise levels along which the Euler method integrates.
///
/// Reference: diffusers 0.42.1 `GlmImagePipeline` with `FlowMatchEulerDiscreteScheduler`. The transformer sees the
/// unshifted time step minus 1; only the noise levels are shifted by the picture's size. Feeding it shifted time gives
/// grainy, over-saturated pictures.
package struct Schedule: Sendable {
    /// `[steps]`, from high to low.
    package let timesteps: [Float]
    /// `[steps + 1]`, the last 0.
    package let sigmas: [Float]

    /// - Parameter tokens: patches of the picture, which set the shift.
    package init(_ configuration: SchedulerConfiguration, steps: Int, tokens: Int) {
        let last = Double(configuration.trainingSteps)
        let stride = (1 - last) / Double(steps)
        timesteps = (0..<steps).map { Float((Double($0) * stride + last).rounded(.towardZero)) }
        let unshifted = timesteps.map { $0 / Float(configuration.trainingSteps) }
        let mu = (Double(tokens) / Double(configuration.baseTokens)).squareRoot() * configuration.maximumShift + configuration.baseShift
        let shifted: [Float] =
            switch configuration.shifting {
            case .constant(let shift): unshifted.map { shift * $0 / (1 + (shift - 1) * $0) }
            case .linear: unshifted.map { Float(mu) / (Float(mu) + (1 / $0 - 1)) }
            case .exponential: unshifted.map { Float(exp(mu)) / (Float(exp(mu)) + (1 / $0 - 1)) }
            }
        sigmas = shifted + [0]
    }
}

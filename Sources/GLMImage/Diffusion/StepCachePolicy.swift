import ModelConfiguration

/// Which steps of one branch of guidance are computed in full: the decisions, without tensors.
package struct StepCachePolicy: Sendable, Hashable {
    package enum Decision: Sendable, Hashable {
        /// All blocks are computed.
        case compute
        /// What the blocks in the middle add is forecast.
        case forecast
    }

    private let threshold: Float
    /// Forecasts since the last step that was computed in full.
    private var inRow = 0

    /// - Parameter threshold: the residual's relative change from which on a step is computed in full.
    package init(threshold: Float) { self.threshold = threshold }

    /// Decides each step of a picture, one after the other.
    ///
    /// - Parameters:
    ///   - step: from 0.
    ///   - count: steps of the picture; the last is always computed.
    ///   - change: of the first blocks' residual since the last step that was computed in full: mean |r' − r| / mean |r'|. Asked for only where
    ///     it decides, because the host waits for it. NaN, as for a residual of zeros, computes.
    package mutating func decide(step: Int, of count: Int, change: () throws -> Float) rethrows -> Decision {
        let mayForecast = step >= StepCaching.warmUpSteps && step < count - 1 && inRow < StepCaching.mostForecasts
        guard try mayForecast && change() < threshold else {
            inRow = 0
            return .compute
        }
        inRow += 1
        return .forecast
    }
}

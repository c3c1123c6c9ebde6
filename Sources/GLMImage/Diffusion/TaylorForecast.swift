import ModelConfiguration
package import Tensor

/// Forecasts what a stretch of the transformer adds, Δ, from what it has added in earlier steps: a Taylor polynomial in the step, its derivatives
/// taken from differences.
///
/// Source: cache-dit f86744a, `TaylorSeer` (arXiv 2503.06923).
package struct TaylorForecast {
    private let device: any Device
    /// Δ and its derivatives as of the last step that was learnt, `[rows, hidden]` each, f32.
    private var terms: [Tensor]
    private var known = 0
    private var lastStep = 0

    package init(rows: Int, hidden: Int, on device: any Device) {
        self.device = device
        terms = (0...StepCaching.order).map { _ in device.makeTensor(Shape(rows, hidden), .f32) }
    }

    /// Remembers `x [rows, hidden]` as it is before the stretch; ``learn(_:step:)`` has to follow. The highest derivative's memory is free for
    /// it: its next value follows from the lower ones.
    package func hold(_ x: Tensor) { device.copy(x, to: terms[StepCaching.order]) }

    /// Takes `x [rows, hidden]` as it is behind the stretch.
    /// - Parameter step: later than all that were learnt.
    package mutating func learn(_ x: Tensor, step: Int) {
        var newer = terms[StepCaching.order]
        device.add(x, times: 1, to: newer, times: -1)
        for index in 0..<min(known, StepCaching.order) {
            let rate = 1 / Float(step - lastStep)
            device.add(newer, times: rate, to: terms[index], times: -rate)
            newer = terms[index]
        }
        // What was Δ is now its derivative, and so on.
        terms.insert(terms.removeLast(), at: 0)
        known = min(known + 1, terms.count)
        lastStep = step
    }

    /// Adds the polynomial's value at the step to `x [rows, hidden]`.
    package func forecast(_ step: Int, to x: Tensor) {
        var factor: Float = 1
        for (index, term) in terms.prefix(known).enumerated() {
            device.add(term, times: factor, to: x, times: 1)
            factor *= Float(step - lastStep) / Float(index + 1)
        }
    }
}

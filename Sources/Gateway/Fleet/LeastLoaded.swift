package import Wire

/// Which of several stages gets a request: the one that is expected to be done with it first, by what all gateways have sent there.
///
/// Of equal ones any: gateways that know the same would otherwise all choose the same.
package struct LeastLoaded: Sendable {
    /// How full one stage is.
    package struct Load: Sendable, Hashable {
        /// Of all gateways.
        package var requests: Int
        package var slots: Int

        package init(requests: Int = 0, slots: Int = 1) {
            self.requests = requests
            self.slots = slots
        }

        /// With one request more. Slots work side by side, so what counts is how full they are.
        var share: Double { Double(requests + 1) / Double(slots) }
    }

    /// One of so many that are equal: 0 ..< `count`.
    package typealias Draw = @Sendable (_ count: Int) -> Int

    private let draw: Draw
    private let seconds: @Sendable (Address) -> Double

    /// - Parameter seconds: how long a request is at a stage, as far as is known.
    package init(draw: @escaping Draw = { Int.random(in: 0..<$0) }, seconds: @escaping @Sendable (Address) -> Double = { _ in 1 }) {
        self.draw = draw
        self.seconds = seconds
    }

    /// When a stage would be done with one request more, compared with others: the smaller is chosen.
    func finish(_ load: Load, at address: Address) -> Double { load.share * seconds(address) }

    /// The index of one of so many that are equal.
    func oneOf(_ count: Int) -> Int { count == 1 ? 0 : draw(count) }
}

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

    package init(draw: @escaping Draw = { Int.random(in: 0..<$0) }) { self.draw = draw }

    /// - Parameter seconds: how long a request is at the stage with this index, as far as is known.
    /// - Returns: the index of the stage; nil where there is none.
    package func choose(_ loads: [Load], seconds: (Int) -> Double = { _ in 1 }) -> Int? {
        var best: [Int] = [], least = Double.infinity
        for (index, load) in loads.enumerated() {
            let finish = load.share * seconds(index)
            if finish < least { (best, least) = ([], finish) }
            if finish == least { best.append(index) }
        }
        return best.isEmpty ? nil : best[best.count == 1 ? 0 : draw(best.count)]
    }
}

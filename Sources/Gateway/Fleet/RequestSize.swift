/// How a request's seconds grow with its units at one kind of stage, learnt from requests of different sizes.
///
/// Each request takes some time whatever its size; the line through requests of different sizes, by least squares, tells how much. While all have
/// the same size that is unknown, and seconds are expected to grow as units do.
struct RequestSize: Sendable, Hashable {
    /// Of so many requests in the mean: what is learnt of sizes holds longer than the speed of a moment.
    private static let span = 64
    /// Requests whose units differ by less, as a share of the mean, are of one size.
    private static let least = 0.05

    private var count = 0
    private var units = 0.0, seconds = 0.0
    /// Around the means.
    private var spread = 0.0, common = 0.0

    mutating func add(_ newUnits: Forecast.Units, _ newSeconds: Double) {
        count += 1
        let weight = 1 / Double(min(count, Self.span)), difference = newUnits - units
        units += difference * weight
        seconds += (newSeconds - seconds) * weight
        spread += (difference * (newUnits - units) - spread) * weight
        common += (difference * (newSeconds - seconds) - common) * weight
    }

    /// There were requests of different sizes.
    var isKnown: Bool { spread > (Self.least * units) * (Self.least * units) }

    /// What requests cost, compared with others.
    func cost(_ line: Forecast.Line) -> Double {
        guard units > 0 else { return 0 }
        // So that the mean of what was seen costs what it took.
        let perUnit = isKnown ? min(max(common / spread, 0), seconds / units) : seconds / units
        return max(0, seconds - perUnit * units) * Double(line.requests) + perUnit * line.units
    }
}

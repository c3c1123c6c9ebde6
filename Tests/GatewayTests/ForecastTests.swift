import Gateway
import Domain
import Testing

@Suite struct ForecastTests {
    private let now = ContinuousClock.now

    private func forecast(_ samples: [StageKind: [(units: Double, seconds: Double)]]) -> Forecast {
        var forecast = Forecast()
        for (kind, samples) in samples {
            for sample in samples { forecast.learn(kind, sample.units, seconds: sample.seconds, now: now) }
        }
        return forecast
    }

    /// As many requests of so many units each.
    private func line(_ requests: Int, of units: Double = 1) -> Forecast.Line {
        Forecast.Line(requests: requests, units: Double(requests) * units)
    }

    @Test("what was learnt beside others is shared with fewer: beside fewer a request takes the less, beside more as long as is known")
    func beside() {
        var forecast = Forecast()
        for _ in 0..<3 { forecast.learn(.text, 1, seconds: 4, beside: 8, now: now) }
        func seconds(_ beside: Double) -> Double? { forecast.need([.text: 1], beside: [.text: beside], now: now)?.seconds }
        #expect(seconds(1) == 0.5 && seconds(4) == 2 && seconds(8) == 4 && seconds(16) == 4)
        #expect(forecast.need([.text: 1], now: now)?.seconds == 4)
        // Of sixteen slots of two stages one is taken: the next is alone at the other.
        #expect(forecast.finish([.text: 1], ahead: [.text: line(1)], capacity: { _ in Capacity(stages: 2, slots: 16) }, now: now) == 0.5)
    }

    @Test("a request that was cut off teaches what it took if that is longer than was expected, and nothing otherwise")
    func cut() throws {
        var forecast = forecast([.text: [(1, 2), (1, 2), (1, 2)]])
        forecast.learnCut(.text, 1, seconds: 1, now: now)
        #expect(forecast.need([.text: 1], now: now)?.seconds == 2)
        forecast.learnCut(.text, 1, seconds: 6, now: now)
        #expect(try #require(forecast.need([.text: 1], now: now)?.seconds) > 2)
    }

    @Test("nothing is foretold before three requests were done")
    func three() {
        var forecast = forecast([.text: [(10, 1), (10, 1)]])
        #expect(forecast.need([.text: 10], now: now) == nil)
        #expect(forecast.finish([.text: 10], ahead: [:], capacity: { _ in Capacity(stages: 1, slots: 1) }, now: now) == nil)
        forecast.learn(.text, 10, seconds: 1, now: now)
        #expect(forecast.need([.text: 10], now: now)?.seconds == 1)
        #expect(forecast.finish([.text: 10, .diffusion: 1], ahead: [:], capacity: { _ in Capacity(stages: 1, slots: 1) }, now: now) == nil)
    }

    private func seconds(_ forecast: Forecast, _ units: Double) throws -> Double {
        try #require(forecast.need([.text: units], now: now)?.seconds)
    }

    @Test("a request of twice the size takes twice as long")
    func units() throws {
        let forecast = forecast([.text: [(10, 1), (20, 2), (30, 3)]])
        #expect(try abs(seconds(forecast, 20) - 2) < 1e-9 && abs(seconds(forecast, 80) - 8) < 1e-9)
        #expect(forecast.seconds(.text) == 2)
    }

    @Test("what a request takes whatever its size is learnt from two sizes, and holds for others, also after many of one")
    func fixedTime() throws {
        var forecast = forecast([.text: [(10, 2), (10, 2), (10, 2), (1010, 12)]])
        for _ in 0..<100 { forecast.learn(.text, 10, seconds: 2, now: now) }
        #expect(try abs(seconds(forecast, 10) - 2) < 1e-6 && abs(seconds(forecast, 510) - 7) < 1e-3)
        let finish = forecast.finish([.text: 10], ahead: [.text: line(2, of: 510)], capacity: { _ in Capacity(stages: 1, slots: 1) }, now: now)
        #expect(abs(try #require(finish) - 16) < 1e-2)
    }

    @Test("a machine that becomes slower is soon expected to be, for all sizes")
    func slowerSizes() throws {
        var forecast = forecast([.text: [(10, 2), (1010, 12), (10, 2), (1010, 12)]])
        for _ in 0..<8 { for (units, seconds) in [(10.0, 4.0), (1010, 24)] { forecast.learn(.text, units, seconds: seconds, now: now) } }
        #expect(try seconds(forecast, 10) > 3 && seconds(forecast, 1010) > 20)
    }

    @Test("of requests that take the less the larger they are, all take the same")
    func shrinking() throws {
        let forecast = forecast([.text: [(10, 3), (20, 2), (30, 1)]])
        #expect(try abs(seconds(forecast, 10) - 2) < 1e-9 && abs(seconds(forecast, 1000) - 2) < 1e-9)
    }

    @Test("the mean moves: after the machine has become slower, eight requests outweigh a hundred old ones")
    func moves() throws {
        let forecast = forecast([.text: Array(repeating: (1, 1), count: 100) + Array(repeating: (1, 3), count: 8)])
        let seconds = try #require(forecast.need([.text: 1], now: now)?.seconds)
        #expect(seconds > 2 && seconds < 3)
    }

    @Test("a request that asked nothing of a stage teaches nothing of it")
    func nothing() {
        let forecast = forecast([.text: [(0, 5), (0, 5), (0, 5)]])
        #expect(forecast.seconds(.text) == 0 && forecast.need([.text: 1], now: now) == nil)
    }

    @Test("who finds a free slot does not wait; who does not waits for those ahead, slots side by side")
    func ahead() {
        let forecast = forecast([.text: [(1, 2), (1, 2), (1, 2)]])
        func finish(ahead: Int, slots: Int) -> Double? {
            forecast.finish([.text: 1], ahead: [.text: line(ahead)], capacity: { _ in Capacity(stages: 1, slots: slots) }, now: now)
        }
        #expect(finish(ahead: 0, slots: 1) == 2)
        #expect(finish(ahead: 1, slots: 2) == 2)
        #expect(finish(ahead: 1, slots: 1) == 4)
        #expect(finish(ahead: 10, slots: 1) == 22)
        #expect(finish(ahead: 10, slots: 4) == 5.5)
    }

    @Test("stages work beside each other: the own times add up, of the lines only the slowest counts")
    func slowestLine() {
        let forecast = forecast([.text: [(1, 2), (1, 2), (1, 2)], .diffusion: [(1, 3), (1, 3), (1, 3)]])
        // A mean of equal numbers is not always that number to the last bit.
        func finish(_ slots: (StageKind) -> Int) -> Double? {
            forecast.finish(
                [.text: 1, .diffusion: 1], ahead: [.text: line(4), .diffusion: line(4)], capacity: { Capacity(stages: 1, slots: slots($0)) }, now: now
            ).map {
                ($0 * 1000).rounded() / 1000
            }
        }
        #expect(finish { _ in 1 } == 17)
        #expect(finish { $0 == .text ? 1 : 4 } == 13)
    }

    @Test("while no stage of a kind serves, the line has an end all the same")
    func noSlots() {
        let forecast = forecast([.text: [(1, 2), (1, 2), (1, 2)]])
        #expect(forecast.finish([.text: 1], ahead: [.text: line(1)], capacity: { _ in Capacity(stages: 1, slots: 0) }, now: now) == 6)
    }

    @Test("a line is as long as the work in it: large requests before a small one count for what they are")
    func work() throws {
        let forecast = forecast([.text: [(1, 2), (2, 4), (3, 6)]])
        let finish = forecast.finish([.text: 1], ahead: [.text: line(2, of: 10)], capacity: { _ in Capacity(stages: 1, slots: 1) }, now: now)
        #expect(abs(try #require(finish) - 42) < 1e-9)
    }

    @Test("while all were of one size, a larger request is expected to take the more, but who is behind it is not made to wait for a guess")
    func oneSize() throws {
        let forecast = forecast([.text: [(10, 2), (10, 2), (10, 2)]])
        #expect(try seconds(forecast, 5) == 1 && seconds(forecast, 1000) == 200)
        #expect(forecast.finish([.text: 10], ahead: [.text: line(2, of: 1000)], capacity: { _ in Capacity(stages: 1, slots: 1) }, now: now) == 6)
    }

    @Test("few requests take more than the bound; where all take the same it is the mean")
    func bound() throws {
        let steady = try #require(forecast([.text: [(1, 2), (1, 2), (1, 2)]]).need([.text: 1], now: now))
        #expect(steady.bound == steady.seconds)
        let samples = (0..<40).map { (units: 1.0, seconds: $0 % 2 == 0 ? 1.0 : 3.0) }
        let wild = try #require(forecast([.text: samples]).need([.text: 1], now: now))
        #expect(wild.bound > 3 && wild.bound < 5)
    }

    @Test("a forecast that nothing has confirmed for long is none, and the next requests are measured anew")
    func old() {
        var forecast = forecast([.text: [(1, 9), (1, 9), (1, 9)], .diffusion: [(1, 1), (1, 1), (1, 1)]])
        #expect(forecast.need([.diffusion: 1], now: now + .seconds(59)) != nil && forecast.need([.diffusion: 1], now: now + .seconds(61)) == nil)
        // Ten of its own requests are long.
        #expect(forecast.need([.text: 1], now: now + .seconds(89)) != nil && forecast.need([.text: 1], now: now + .seconds(91)) == nil)
        let later = now + .seconds(100)
        for _ in 0..<3 { forecast.learn(.text, 1, seconds: 1, now: later) }
        #expect(forecast.need([.text: 1], now: later)?.seconds == 1 && forecast.seconds(.text) == 1)
    }
}

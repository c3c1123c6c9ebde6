import Gateway
import Domain
import Testing

@Suite struct ForecastTests {
    private func forecast(_ samples: [StageKind: [(units: Double, seconds: Double)]]) -> Forecast {
        var forecast = Forecast()
        for (kind, samples) in samples {
            for sample in samples { forecast.learn(kind, sample.units, seconds: sample.seconds) }
        }
        return forecast
    }

    @Test("nothing is foretold before three requests were done")
    func three() {
        var forecast = forecast([.text: [(10, 1), (10, 1)]])
        #expect(forecast.seconds(.text, 10) == nil)
        #expect(forecast.finish([.text: 10], ahead: { _ in 0 }, slots: { _ in 1 }) == nil)
        forecast.learn(.text, 10, seconds: 1)
        #expect(forecast.seconds(.text, 10) == 1)
        #expect(forecast.finish([.text: 10, .diffusion: 1], ahead: { _ in 0 }, slots: { _ in 1 }) == nil)
    }

    @Test("a request of twice the size takes twice as long")
    func units() {
        let forecast = forecast([.text: [(10, 1), (20, 2), (30, 3)]])
        #expect(forecast.seconds(.text, 20) == 2 && forecast.seconds(.text, 80) == 8)
        #expect(forecast.seconds(.text) == 2)
    }

    @Test("the mean moves: after the machine has become slower, eight requests outweigh a hundred old ones")
    func moves() throws {
        let forecast = forecast([.text: Array(repeating: (1, 1), count: 100) + Array(repeating: (1, 3), count: 8)])
        let seconds = try #require(forecast.seconds(.text, 1))
        #expect(seconds > 2 && seconds < 3)
    }

    @Test("a request that asked nothing of a stage teaches nothing of it")
    func nothing() {
        let forecast = forecast([.text: [(0, 5), (0, 5), (0, 5)]])
        #expect(forecast.seconds(.text) == 0 && forecast.seconds(.text, 1) == nil)
    }

    @Test("who finds a free slot does not wait; who does not waits for those ahead, slots side by side")
    func ahead() {
        let forecast = forecast([.text: [(1, 2), (1, 2), (1, 2)]])
        func finish(ahead: Int, slots: Int) -> Double? { forecast.finish([.text: 1], ahead: { _ in ahead }, slots: { _ in slots }) }
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
            forecast.finish([.text: 1, .diffusion: 1], ahead: { _ in 4 }, slots: slots).map { ($0 * 1000).rounded() / 1000 }
        }
        #expect(finish { _ in 1 } == 17)
        #expect(finish { $0 == .text ? 1 : 4 } == 13)
    }

    @Test("while no stage of a kind serves, the line has an end all the same")
    func noSlots() {
        let forecast = forecast([.text: [(1, 2), (1, 2), (1, 2)]])
        #expect(forecast.finish([.text: 1], ahead: { _ in 1 }, slots: { _ in 0 }) == 6)
    }
}

import Decoding
import TestSupport
import Testing

/// How many guesses are made, told by passes of a machine that is made up.
@Suite struct SpeculationControllerTests {
    /// A machine on which each row beyond the first costs `row` of a pass, and a sequence whose guesses are right with some probability.
    private struct Machine {
        var row: Double
        var noise = 0.0

        func seconds(_ rows: Int, _ random: inout SeededRandom) -> Double {
            0.005 * (1 + row * Double(rows - 1)) * (1 + Double.random(in: 0...max(noise, 1e-9), using: &random))
        }
    }

    /// Runs until each of `sequences` has `tokens` tokens.
    /// - Returns: the time it took ÷ that of passes without guesses.
    private func run(
        _ machine: Machine, acceptance: Double, sequences: Int = 1, tokens: Int, most: Int = 31, _ random: inout SeededRandom,
        controller: inout SpeculationController
    ) -> Double {
        var rates = Array(repeating: AcceptanceRate(), count: sequences)
        var left = Array(repeating: tokens, count: sequences)
        var taken = 0.0, plain = 0.0
        while left.contains(where: { $0 > 0 }) {
            let running = left.indices.filter { left[$0] > 0 }
            let guesses = controller.guesses(running.map { .init(rates[$0], limit: min(most, left[$0] - 1)) }, beside: 0)
            var accepted = 0
            for (index, count) in zip(running, guesses) {
                let right = (0..<count).first { _ in Double.random(in: 0..<1, using: &random) >= acceptance } ?? count
                rates[index].observe(guesses: count, accepted: right)
                left[index] -= right + 1
                accepted += right
            }
            let all = guesses.reduce(0, +)
            let seconds = machine.seconds(running.count + all, &random)
            taken += seconds
            plain += machine.seconds(running.count, &random) * Double(running.count + accepted) / Double(running.count)
            controller.observe(.init(sequences: running.count, guesses: all, accepted: accepted, seconds: seconds))
        }
        return taken / plain
    }

    @Test("where no guess is right, a sequence takes at most 3 % longer, whatever a row costs", arguments: [0.005, 0.02, 0.06, 0.15, 0.5, 1])
    func neverRight(row: Double) {
        var random = SeededRandom("SpeculationControllerTests.neverRight")
        for (sequences, tokens) in [(1, 100), (1, 1000), (4, 2000), (15, 2000), (32, 500)] {
            var controller = SpeculationController(rows: 32)
            let share = run(
                Machine(row: row), acceptance: 0, sequences: sequences, tokens: tokens, &random, controller: &controller)
            #expect(share < 1.03, "\(sequences) sequences, seed \(random.seed)")
        }
    }

    @Test("where guesses stop being right, no more is lost than was saved before")
    func stopsBeingRight() {
        var random = SeededRandom("SpeculationControllerTests.stopsBeingRight")
        var controller = SpeculationController(rows: 32)
        #expect(run(Machine(row: 0.1), acceptance: 0.9, tokens: 1000, &random, controller: &controller) < 0.5)
        #expect(run(Machine(row: 0.1), acceptance: 0, tokens: 1000, &random, controller: &controller) < 1.03)
    }

    @Test("where three of four guesses are right and rows are cheap, a sequence takes less than half the time")
    func mostlyRight() {
        var random = SeededRandom("SpeculationControllerTests.mostlyRight")
        for noise in [0, 0.3] {
            var controller = SpeculationController(rows: 32)
            let share = run(Machine(row: 0.06, noise: noise), acceptance: 0.75, tokens: 3000, &random, controller: &controller)
            // A window of 8 rows is best: 3.6 tokens in 1.42 times the time.
            #expect(share < 0.5, "seed \(random.seed)")
        }
    }

    /// A device that runs ahead of the host: a pass with guesses, and the first without behind it, take `waiting` of a plain pass longer.
    /// - Returns: the time that `tokens` tokens of one sequence took ÷ that of passes without guesses.
    private func runAhead(_ machine: Machine, waiting: Double, acceptance: Double, tokens: Int, _ random: inout SeededRandom) -> Double {
        var controller = SpeculationController(rows: 16)
        var rate = AcceptanceRate()
        var left = tokens, taken = 0.0, waits = true
        let plain = machine.seconds(1, &random)
        while left > 0 {
            let guesses = controller.guesses([.init(rate, limit: min(15, left - 1))], beside: 0, runsAhead: true)[0]
            let accepted = (0..<guesses).first { _ in Double.random(in: 0..<1, using: &random) >= acceptance } ?? guesses
            rate.observe(guesses: guesses, accepted: accepted)
            waits = waits || guesses > 0
            let seconds = machine.seconds(1 + guesses, &random) + (waits ? waiting * plain : 0)
            controller.observe(
                .init(sequences: 1, guesses: guesses, accepted: accepted, seconds: seconds, runsAhead: true, isFirst: waits))
            waits = guesses > 0
            taken += seconds
            left -= accepted + 1
        }
        return taken / (plain * Double(tokens))
    }

    @Test("a device that runs ahead gives that up only where guesses save more", arguments: [0.1, 0.5, 1])
    func runsAhead(waiting: Double) {
        var random = SeededRandom("SpeculationControllerTests.runsAhead")
        let machine = Machine(row: 0.03)
        let never = runAhead(machine, waiting: waiting, acceptance: 0, tokens: 3000, &random)
        let rarely = runAhead(machine, waiting: waiting, acceptance: 0.2, tokens: 3000, &random)
        let mostly = runAhead(machine, waiting: waiting, acceptance: 0.9, tokens: 3000, &random)
        #expect(never < 1.03 && rarely < 1.03 && mostly < 0.5, "\(never), \(rarely), \(mostly), seed \(random.seed)")
    }

    @Test("in a batch, guesses go to the sequences whose guesses are right, within the rows of a pass")
    func batch() {
        var controller = SpeculationController(rows: 16)
        var good = AcceptanceRate(), bad = AcceptanceRate()
        for _ in 0..<50 {
            good.observe(guesses: 4, accepted: 4)
            bad.observe(guesses: 4, accepted: 0)
        }
        #expect(controller.guesses([.init(good, limit: 31)], beside: 0) == [0], "nothing is timed yet")
        // Saves up the time that guesses may cost.
        for _ in 0..<400 { controller.observe(.init(sequences: 5, guesses: 0, accepted: 0, seconds: 0.01)) }
        let guesses = controller.guesses([.init(bad, limit: 31), .init(good, limit: 31), .init(good, limit: 3)], beside: 2)
        #expect(guesses[0] == 0 && guesses[1] >= 3 && guesses[2] == 3 && guesses.reduce(5, +) <= 16)
        #expect(controller.guesses(Array(repeating: .init(good, limit: 31), count: 16), beside: 0).allSatisfy { $0 == 0 })
    }

    @Test("a rate of acceptance follows what was seen, counts a guess only where those before were right, and forgets")
    func acceptance() {
        var rate = AcceptanceRate()
        for _ in 0..<300 { rate.observe(guesses: 3, accepted: 2) }
        let chances = rate.chances(4)
        #expect(chances[1] > 0.95 && chances[2] < 0.05 && chances[3] <= chances[2])
        #expect(rate.prior.chances(2)[1] > 0.8)
        for _ in 0..<1000 { rate.observe(guesses: 0, accepted: 0) }
        #expect(abs(rate.chances(1)[0] - AcceptanceRate().chances(1)[0]) < 0.01)
    }

    @Test("times between known ones lie between them; one pass that is held up changes little")
    func times() {
        var times = PassTimes(rows: 8)
        #expect(times(3) == nil)
        times.observe(rows: 2, seconds: 1)
        #expect(times(1)! < 1 && times(8)! > 1)
        times.observe(rows: 6, seconds: 3)
        #expect(times(4) == 2)
        times.observe(rows: 6, seconds: 100)
        #expect(times(6)! < 3.5)
    }
}

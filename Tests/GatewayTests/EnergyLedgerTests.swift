import Domain
import Gateway
import Testing

@Suite("Who took the energy of the cards") struct EnergyLedgerTests {
    private var ledger = EnergyLedger()
    private let text = EnergyLedger.Consumer(kind: .text, instance: "0", model: "a")
    private let other = EnergyLedger.Consumer(kind: .diffusion, instance: "1", model: "b")

    /// Every tenth of a second, as the sampler reads.
    private mutating func samples(_ range: ClosedRange<Int>, _ watts: [Int: [Double]]) {
        for tenth in range { ledger.sample(watts, at: Double(tenth) / 10) }
    }

    @Test("a call that has its package to itself takes power times time, and its phases their parts of it")
    mutating func alone() {
        samples(0...9, [0: [100]])
        let call = ledger.begin(text, on: [0], at: 1)
        samples(10...20, [0: [300]])
        #expect(isClose(ledger.joules(call, start: 0, seconds: 0.25, at: 2), 75))
        #expect(isClose(ledger.joules(call, start: 0.25, seconds: 0.75, at: 2), 225))
        ledger.end(call, at: 2)
        #expect(isClose(ledger.taken[text], 300))
        #expect(isClose(ledger.idle[0], 100))
    }

    @Test("calls of the same time on a package take the same, of different models and stages too; together with idle they take all of it")
    mutating func together() {
        samples(0...10, [0: [200]])
        let first = ledger.begin(text, on: [0], at: 1)
        samples(11...20, [0: [200]])
        let second = ledger.begin(other, on: [0], at: 2)
        samples(21...30, [0: [200]])
        #expect(isClose(ledger.joules(first, start: 0, seconds: 2, at: 3), 200 + 100))
        #expect(isClose(ledger.joules(second, start: 0, seconds: 1, at: 3), 100))
        ledger.end(first, at: 3)
        samples(31...40, [0: [200]])
        #expect(isClose(ledger.joules(second, start: 0, seconds: 2, at: 4), 100 + 200))
        ledger.end(second, at: 4)
        samples(41...50, [0: [200]])
        #expect(isClose(ledger.taken[text], 300) && isClose(ledger.taken[other], 300) && isClose(ledger.idle[0], 200 + 200))
    }

    @Test("a call on two cards takes of both")
    mutating func twoCards() {
        samples(0...0, [0: [100], 1: [150]])
        let call = ledger.begin(text, on: [0, 1], at: 0)
        samples(1...10, [0: [100], 1: [150]])
        #expect(isClose(ledger.joules(call, start: 0, seconds: 1, at: 1), 250))
    }

    @Test("a phase that a stage claims to be longer than its call takes no more than the call; one that is no time, nothing")
    mutating func claims() {
        samples(0...0, [0: [100]])
        let call = ledger.begin(text, on: [0], at: 0)
        samples(1...10, [0: [100]])
        #expect(isClose(ledger.joules(call, start: -5, seconds: 1e300, at: 1), 100))
        #expect(ledger.joules(call, start: 5, seconds: 1, at: 1) == 0)
        #expect(ledger.joules(call, start: 0, seconds: -1, at: 1) == 0)
        #expect(ledger.joules(call, start: .nan, seconds: 1, at: 1) == nil)
        #expect(ledger.joules(call, start: 0, seconds: .infinity, at: 1) == nil)
    }

    // MARK: What is not known

    @Test("before the first sample, and where no sample has come for longer than one holds, a call's joules are not told; later calls' are")
    mutating func unknown() {
        let early = ledger.begin(text, on: [0], at: 0)
        samples(10...10, [0: [100]])
        #expect(ledger.joules(early, start: 0, seconds: 1, at: 1) == nil)
        ledger.end(early, at: 1)
        let hold = EnergyLedger.longestHold, during = ledger.begin(text, on: [0], at: 1)
        #expect(isClose(ledger.joules(during, start: 0, seconds: hold, at: 1 + hold), 100 * hold))
        #expect(ledger.joules(during, start: 0, seconds: hold + 1, at: 2 + hold) == nil)
        ledger.end(during, at: 2 + hold)
        ledger.sample([0: [100]], at: 3 + hold)
        let late = ledger.begin(text, on: [0], at: 3 + hold)
        #expect(isClose(ledger.joules(late, start: 0, seconds: 1, at: 4 + hold), 100))
    }

    @Test("of two cards, one that tells nothing leaves the call's joules untold: a part of them would be too little")
    mutating func oneSilent() {
        samples(0...0, [0: [100]])
        let call = ledger.begin(text, on: [0, 1], at: 0)
        samples(1...10, [0: [100]])
        #expect(ledger.joules(call, start: 0, seconds: 1, at: 1) == nil)
    }

    // MARK: Packages of two dies

    @Test(
        "two dies that tell the same are one package, which counts once; two that differ are added; a second that tells nothing changes nothing",
        arguments: [([180, 180], 180), ([180, 120], 300), ([180], 180)] as [([Double], Double)])
    mutating func packages(dies: [Double], watts: Double) {
        samples(0...0, [0: dies])
        let call = ledger.begin(text, on: [0], at: 0)
        samples(1...10, [0: dies])
        #expect(isClose(ledger.joules(call, start: 0, seconds: 1, at: 1), watts))
    }

    @Test("one sample does not decide what most say: a figure that changes between two readings, or is the same by chance")
    mutating func majority() {
        samples(0...10, [0: [180, 180]])
        let call = ledger.begin(text, on: [0], at: 1)
        ledger.sample([0: [180, 190]], at: 1)
        samples(11...20, [0: [190, 190]])
        #expect(isClose(ledger.joules(call, start: 0, seconds: 1, at: 2), 190))
        ledger.end(call, at: 2)
        for tenth in 21...140 { ledger.sample([0: [180, 120]], at: Double(tenth) / 10) }
        let apart = ledger.begin(text, on: [0], at: 14)
        ledger.sample([0: [150, 150]], at: 14)
        #expect(isClose(ledger.joules(apart, start: 0, seconds: 1, at: 15), 300))
    }

    // MARK: Long calls

    @Test("a call of half a day keeps its sum, and takes no more memory than one of two hours")
    mutating func longCall() {
        ledger.sample([0: [100]], at: 0)
        let call = ledger.begin(text, on: [0], at: 0)
        for second in 1...200_000 { ledger.sample([0: [100]], at: Double(second)) }
        #expect(isClose(ledger.joules(call, start: 0, seconds: 200_000, at: 200_000), 100 * 200_000))
        #expect(isClose(ledger.joules(call, start: 150_000, seconds: 1, at: 200_000), 100))
    }

    private func isClose(_ value: Double?, _ expected: Double) -> Bool { value.map { abs($0 - expected) <= 1e-9 * max(expected, 1) } ?? false }
}

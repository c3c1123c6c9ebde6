import Gateway
import Testing

@Suite struct PulseTests {
    private var pulse = Pulse()

    /// Questions to these processes that get no answer; whether each makes the process silent.
    private mutating func missed(_ processes: Int...) -> [Bool] {
        processes.map { pulse.missed(Registry.Incarnation(address: Stages.address("text-0"), process: 1, start: UInt64($0))) }
    }

    @Test("a process is silent after two questions in a row without an answer, not after one")
    mutating func silent() {
        let told = missed(1, 1)
        #expect(told == [false, true])
    }

    @Test("an answer in between forgives the question before it")
    mutating func forgiven() {
        _ = missed(1)
        pulse.answered()
        let told = missed(1, 1)
        #expect(told == [false, true])
    }

    @Test("a process that takes another's place answers for itself alone")
    mutating func replaced() {
        let told = missed(1, 2, 2)
        #expect(told == [false, false, true])
    }

    @Test("a process that stays silent is told of again, after as many questions as the first time")
    mutating func again() {
        let told = missed(1, 1, 1, 1, 1, 1)
        #expect(told == [false, true, false, true, false, true])
    }
}

import Gateway
import Testing

@Suite struct PulseTests {
    private var pulse = Pulse()

    @Test("a process is silent after two questions in a row without an answer, not after one")
    mutating func silent() {
        #expect(!pulse.missed(process: 1))
        #expect(pulse.missed(process: 1))
    }

    @Test("an answer in between forgives the question before it")
    mutating func forgiven() {
        #expect(!pulse.missed(process: 1))
        pulse.answered()
        #expect(!pulse.missed(process: 1))
        #expect(pulse.missed(process: 1))
    }

    @Test("a process that takes another's place answers for itself alone")
    mutating func replaced() {
        #expect(!pulse.missed(process: 1))
        #expect(!pulse.missed(process: 2))
        #expect(pulse.missed(process: 2))
    }

    @Test("a process that stays silent is told of again, after as many questions as the first time")
    mutating func again() {
        let told = (0..<6).map { _ in pulse.missed(process: 1) }
        #expect(told == [false, true, false, true, false, true])
    }
}

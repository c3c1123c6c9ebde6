import Dispatch
import Domain
import Gateway
import Placement
import Synchronization
import Testing

@Suite struct CardReaderTests {
    @Test("a driver that hangs delays who asks for the cards by the reader's patience alone, is asked once, and told of when it answers")
    func hangs() async throws {
        let card = Card(device: .npu(0), chip: "910B3", memory: 1 << 30, source: .dcmi)
        let hang = DispatchSemaphore(value: 0), looks = Looks()
        let reader = CardReader(age: .zero, patience: .milliseconds(50)) {
            looks.add()
            hang.wait()
            return [card]
        }
        #expect(await reader.cards() == [])
        #expect(await reader.cards() == [])
        #expect(looks.count == 1)
        hang.signal()
        while await reader.cards() != [card] { #expect(looks.count == 1) }
    }
}

private final class Looks: Sendable {
    private let state = Mutex(0)
    var count: Int { state.withLock { $0 } }
    func add() { state.withLock { $0 += 1 } }
}

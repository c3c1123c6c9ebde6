import Decoding
import Testing

/// The order of a batch, without a model.
@Suite struct BatchSchedulerTests {
    @Test("one request at a time is in prefill, in the order of arrival, while there is a place")
    func order() {
        var scheduler = BatchScheduler(size: 2)
        for ticket in 1...4 { scheduler.enqueue(ticket, pages: 1) }
        #expect(scheduler.admit(freePages: 9) == 1)
        #expect(scheduler.admit(freePages: 9) == nil)
        scheduler.finishPrefill()
        #expect(scheduler.admit(freePages: 9) == 2)
        scheduler.finishPrefill()
        #expect(scheduler.running == [1, 2])
        #expect(scheduler.admit(freePages: 9) == nil)
        scheduler.remove(1)
        #expect(scheduler.admit(freePages: 9) == 3)
        #expect(scheduler.tickets == [2, 3, 4])
    }

    @Test("a large request that waits for pages is not overtaken by small ones")
    func noStarvation() {
        var scheduler = BatchScheduler(size: 4)
        scheduler.enqueue(1, pages: 2)
        scheduler.enqueue(2, pages: 10)
        scheduler.enqueue(3, pages: 1)
        #expect(scheduler.admit(freePages: 10) == 1)
        scheduler.finishPrefill()
        #expect(scheduler.admit(freePages: 8) == nil)
        scheduler.remove(1)
        #expect(scheduler.admit(freePages: 10) == 2)
    }

    @Test("a request that is removed is gone, whatever its state")
    func leaves() {
        var scheduler = BatchScheduler(size: 3)
        for ticket in 1...3 { scheduler.enqueue(ticket, pages: 1) }
        _ = scheduler.admit(freePages: 3)
        scheduler.finishPrefill()
        _ = scheduler.admit(freePages: 2)
        for ticket in [3, 2, 1] { scheduler.remove(ticket) }
        #expect(scheduler.isEmpty)
        #expect(scheduler.admit(freePages: 3) == nil)
    }
}

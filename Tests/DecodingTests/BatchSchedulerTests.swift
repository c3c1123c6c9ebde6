import Decoding
import TestSupport
import Testing

/// The order of a batch, without a model.
@Suite struct BatchSchedulerTests {
    @Test("one request at a time is in prefill, in the order of arrival, while there is a place")
    func order() {
        var scheduler = BatchScheduler(size: 2)
        for ticket in 1...4 { scheduler.enqueue(ticket) }
        #expect(scheduler.admit { _ in true } == 1)
        #expect(scheduler.admit { _ in true } == nil)
        scheduler.finishPrefill()
        #expect(scheduler.admit { _ in true } == 2)
        scheduler.finishPrefill()
        #expect(scheduler.running == [1, 2])
        #expect(scheduler.admit { _ in true } == nil)
        scheduler.remove(1)
        #expect(scheduler.admit { _ in true } == 3)
        #expect(scheduler.tickets == [2, 3, 4])
    }

    @Test("a large request that waits for pages is not overtaken by small ones")
    func noStarvation() {
        var scheduler = BatchScheduler(size: 4)
        for ticket in 1...3 { scheduler.enqueue(ticket) }
        #expect(scheduler.admit { $0 != 2 } == 1)
        scheduler.finishPrefill()
        #expect(scheduler.admit { $0 != 2 } == nil)
        scheduler.remove(1)
        #expect(scheduler.admit { _ in true } == 2)
    }

    @Test("the request that was admitted last is paused, in prefill or not, and is the next to be admitted")
    func pause() {
        var scheduler = BatchScheduler(size: 3)
        for ticket in 1...4 { scheduler.enqueue(ticket) }
        #expect(scheduler.pauseLast() == nil)
        for _ in 0..<2 {
            _ = scheduler.admit { _ in true }
            scheduler.finishPrefill()
        }
        _ = scheduler.admit { _ in true }
        #expect(scheduler.pauseLast() == 3)
        #expect(scheduler.pauseLast() == 2)
        #expect(scheduler.running == [1] && scheduler.prefilling == nil && scheduler.waiting == [2, 3, 4])
        #expect(scheduler.admit { _ in true } == 2)
    }

    @Test("a request that is removed is gone, whatever its state")
    func leaves() {
        var scheduler = BatchScheduler(size: 3)
        for ticket in 1...3 { scheduler.enqueue(ticket) }
        _ = scheduler.admit { _ in true }
        scheduler.finishPrefill()
        _ = scheduler.admit { _ in true }
        for ticket in [3, 2, 1] { scheduler.remove(ticket) }
        #expect(scheduler.isEmpty)
        #expect(scheduler.admit { _ in true } == nil)
    }

    /// A request by its needs alone.
    private struct Model {
        var pages: [Int32] = []
        /// Pages with which it is admitted.
        let prompt: Int
        /// Pages with which it ends.
        let total: Int
        var length = 0
    }

    @Test("any requests in any pool that holds each of them: all end, in order of arrival where they are equal, and every page comes back")
    func random() {
        var random = SeededRandom("BatchSchedulerTests.random")
        for _ in 0..<300 {
            let poolSize = Int.random(in: 1...12, using: &random)
            var scheduler = BatchScheduler(size: .random(in: 1...5, using: &random))
            var pool = PageAllocator(pageCount: poolSize)
            var models: [Int: Model] = [:]
            var ended: [Int] = []
            var arrived = 0, rounds = 0
            func end(_ ticket: Int) {
                scheduler.remove(ticket)
                pool.release(models.removeValue(forKey: ticket)!.pages)
                ended.append(ticket)
            }
            while arrived < 20 || !scheduler.isEmpty {
                if arrived < 20, Bool.random(using: &random) {
                    let total = Int.random(in: 1...poolSize, using: &random)
                    models[arrived] = Model(prompt: .random(in: 1...total, using: &random), total: total)
                    scheduler.enqueue(arrived)
                    arrived += 1
                }
                let first = scheduler.tickets.first
                let progress = first.map { models[$0]!.length } ?? 0
                _ = scheduler.admit { ticket in
                    guard let pages = pool.take(max(models[ticket]!.prompt, models[ticket]!.length)) else { return false }
                    models[ticket]!.pages = pages
                    return true
                }
                if Bool.random(using: &random) { scheduler.finishPrefill() }
                while pool.freeCount < scheduler.running.count(where: { models[$0]!.pages.count < models[$0]!.total }),
                    let last = scheduler.pauseLast()
                {
                    pool.release(models[last]!.pages)
                    models[last]!.pages = []
                }
                #expect(scheduler.tickets == scheduler.tickets.sorted(), "seed \(random.seed)")
                for ticket in scheduler.running {
                    if models[ticket]!.pages.count == models[ticket]!.total {
                        end(ticket)
                    } else {
                        models[ticket]!.pages += pool.take(1)!
                        models[ticket]!.length = max(models[ticket]!.length, models[ticket]!.pages.count)
                    }
                }
                if let ticket = scheduler.tickets.randomElement(using: &random), Int.random(in: 0..<30, using: &random) == 0 { end(ticket) }
                if let first, let model = models[first] { #expect(model.length >= progress) }
                rounds += 1
                if rounds > 5000 { Issue.record("somebody starves, seed \(random.seed)"); return }
            }
            #expect(pool.freeCount == poolSize && ended.count == 20, "seed \(random.seed)")
        }
    }
}

import GLMImage
import Testing

/// The order of a batch and the bookkeeping of its pages, without a model.
@Suite struct BatchLineTests {
    @Test("one joins at a time, in the order of arrival, while there is a place")
    func order() {
        var line = BatchLine(size: 2)
        for ticket in 1...4 { line.arrive(ticket, pages: 1) }
        #expect(line.admit(freePages: 9) == 1)
        #expect(line.admit(freePages: 9) == nil)
        line.joined()
        #expect(line.admit(freePages: 9) == 2)
        line.joined()
        #expect(line.running == [1, 2])
        #expect(line.admit(freePages: 9) == nil)
        line.leave(1)
        #expect(line.admit(freePages: 9) == 3)
        #expect(line.tickets == [2, 3, 4])
    }

    @Test("a large request that waits for pages is not overtaken by small ones")
    func noStarvation() {
        var line = BatchLine(size: 4)
        line.arrive(1, pages: 2)
        line.arrive(2, pages: 10)
        line.arrive(3, pages: 1)
        #expect(line.admit(freePages: 10) == 1)
        line.joined()
        #expect(line.admit(freePages: 8) == nil)
        line.leave(1)
        #expect(line.admit(freePages: 10) == 2)
    }

    @Test("whoever leaves is gone from wherever it stood")
    func leaves() {
        var line = BatchLine(size: 3)
        for ticket in 1...3 { line.arrive(ticket, pages: 1) }
        _ = line.admit(freePages: 3)
        line.joined()
        _ = line.admit(freePages: 2)
        for ticket in [3, 2, 1] { line.leave(ticket) }
        #expect(line.isEmpty)
        #expect(line.admit(freePages: 3) == nil)
    }

    @Test("pages are handed out once each, all or none, and come back")
    func pages() {
        var pages = PageAllocator(pageCount: 5)
        let first = pages.take(3)
        let second = pages.take(2)
        #expect(Set(first! + second!) == Set(0..<5))
        #expect(pages.take(1) == nil && pages.take(0) == [])
        pages.give(first!)
        #expect(pages.freeCount == 3)
        #expect(pages.take(4) == nil)
        #expect(pages.freeCount == 3)
        #expect(Set(pages.take(3)!) == Set(first!))
    }
}

import Decoding
import Testing

@Suite struct PageAllocatorTests {
    @Test("each page is taken once, all that are asked for or none, and can be taken again after its release")
    func pages() {
        var pages = PageAllocator(pageCount: 5)
        let first = pages.take(3)
        let second = pages.take(2)
        #expect(Set(first! + second!) == Set(0..<5))
        #expect(pages.take(1) == nil && pages.take(0) == [])
        pages.release(first!)
        #expect(pages.freeCount == 3)
        #expect(pages.take(4) == nil)
        #expect(pages.freeCount == 3)
        #expect(Set(pages.take(3)!) == Set(first!))
    }

    @Test("a page that several hold is free when the last of them releases it")
    func shared() {
        var pages = PageAllocator(pageCount: 2)
        let taken = pages.take(2)!
        pages.retain([taken[0]])
        #expect(pages.references(taken[0]) == 2 && pages.references(taken[1]) == 1)
        pages.release(taken)
        #expect(pages.freeCount == 1 && pages.take(1) == [taken[1]])
        pages.release([taken[0]])
        #expect(pages.take(1) == [taken[0]])
    }
}

import Decoding
import Tensor
import Testing

/// Prefixes that stay in a batch's pages.
@Suite struct PrefixReuseTests {
    @Test("prompts share what they begin with, up to their last common cut, and have the answers that they have alone")
    func branches() throws {
        let decoder = try TestDecoder.make()
        let long = TestRequests.make(prompt: 700, limit: 5, images: [(20, 110, .f32)], seed: 1, cachesPrefix: true)
        func ending(_ id: Int32, count: Int) -> DecodingRequest { long.with(prompt: Array(long.prompt[..<(count - 1)]) + [id]) }
        // Cuts at 130, 386 and 642.
        let requests = [long, ending(7, count: 700), ending(8, count: 643), ending(9, count: 642), ending(9, count: 500), ending(1, count: 386)]
        let batch = TestDecoder.batch(decoder, size: 2)
        let stories = try requests.map { try batch.run([$0])[0] }
        // The last token is always computed; a prompt that ends at a cut is read from the cut before.
        #expect(stories.map(\.cached) == [0, 642, 642, 386, 386, 130])
        for (request, story) in zip(requests, stories) {
            #expect(try story.answer == TestDecoder.batch(decoder, size: 1).run([request.with(cachesPrefix: false)])[0].answer)
        }
    }

    @Test("requests that don't ask for it keep nothing and use nothing")
    func notAsked() throws {
        let batch = TestDecoder.batch(try TestDecoder.make(), size: 2)
        let request = TestRequests.make(prompt: 300, limit: 5, seed: 1)
        #expect(try batch.run([request])[0].cached == 0)
        #expect(try batch.run([request.with(cachesPrefix: true)])[0].cached == 0)
        #expect(try batch.run([request])[0].cached == 0)
        #expect(try batch.run([request.with(cachesPrefix: true)])[0].cached == 256)
    }

    @Test("prefixes hold no page that a request needs, and removing all requests removes them")
    func givenUp() throws {
        let decoder = try TestDecoder.make()
        let batch = TestDecoder.batch(decoder, size: 1, pages: 6)
        let request = TestRequests.make(prompt: 300, limit: 80, seed: 1, cachesPrefix: true)
        #expect(request.pages == 6)
        let stories = try (0..<3).map { _ in try batch.run([request])[0] }
        #expect(stories.map(\.cached) == [0, 256, 256] && Set(stories.map(\.ids)).count == 1)
        // It ends at 276, within a page: with its copy it takes a page more than there are, and the request begins anew.
        let image = TestRequests.make(prompt: 300, limit: 85, images: [(250, 26, .f32)], seed: 1, cachesPrefix: true)
        let answers = try (0..<2).map { _ in try batch.run([image])[0] }
        #expect(answers[0].cached == 0 && answers[0].answer == answers[1].answer && batch.preemptions == 0)
        let other = try batch.run([TestRequests.make(prompt: 300, limit: 80, seed: 2, cachesPrefix: true)])[0]
        #expect(other.done?.count == 80)
        #expect(try batch.run([TestRequests.make(prompt: 300, limit: 5, seed: 2, cachesPrefix: true)])[0].cached == 256)
        batch.removeAll()
        #expect(try batch.run([TestRequests.make(prompt: 300, limit: 5, seed: 2, cachesPrefix: true)])[0].cached == 0)
    }
}

import Domain
import GLMImage
import ModelFixtures
import Testing

/// Codes that are guessed from the row above, the preview and the last pass.
@Suite struct SpeculationTests {
    @Test("the codes of a request are those of plain decoding, alone and in any batch", arguments: Fixture.checkpoints, Precision.allCases)
    func sameCodes(checkpoint: String, precision: Precision) throws {
        let expected = try CodeBatchTests.requests.map { try CodeBatchTests.alone($0, checkpoint, precision) }
        for (size, tokens) in [(1, 1), (1, 31), (2, 15), (4, 7), (16, 63)] {
            let batch = try CodeBatchTests.batch(checkpoint, precision, size: size, speculativeTokens: tokens)
            var stories: [Int: CodeBatchTests.Story] = [:]
            for round in 0..<2 {
                let tickets = try CodeBatchTests.requests.map { try batch.add($0).ticket }
                try CodeBatchTests.run(batch, &stories)
                #expect(tickets.map { stories[$0]?.ids } == expected, "round \(round), a batch of \(size) with \(tokens) guesses")
            }
            #expect(batch.freePages == batch.pageCount)
        }
    }

    @Test("a checkpoint that has learned to draw needs fewer passes than it draws codes")
    func fewerPasses() throws {
        let request = Requests.tokens("a red circle", 256, 256, seed: 3)
        let plain = try CodeBatchTests.batch(Fixture.glmTiny, size: 1),
            guessing = try CodeBatchTests.batch(Fixture.glmTiny, size: 1, speculativeTokens: 15)
        var codes: [[Int32]] = []
        for batch in [plain, guessing, guessing] {
            var stories: [Int: CodeBatchTests.Story] = [:]
            let ticket = try batch.add(request).ticket
            try CodeBatchTests.run(batch, &stories)
            codes.append(stories[ticket]?.ids ?? [])
        }
        #expect(codes[0] == codes[1] && codes[0] == codes[2])
        #expect(plain.passes == plain.decodedTokens && 2 * guessing.passes < guessing.decodedTokens)
    }
}

import Decoding
import Tensor
import Testing

@Suite struct InsertedRowsTests {
    @Test(
        "rows in place of embeddings count as the ids that they are the embeddings of",
        arguments: [("tiny-f32", DType.f32), ("tiny-bf16-sharded", .bf16)])
    func replaced(checkpoint: String, dtype: DType) throws {
        let decoder = try TestDecoder.make(checkpoint: checkpoint)
        let table = try TestDecoder.embeddings(checkpoint, decoder.configuration)
        #expect(table.dtype == dtype)
        let hidden = decoder.configuration.hiddenSize
        let values = table.hostFloats()
        let request = TestRequests.make(prompt: 280, limit: 20, greedy: true, shaping: LogitShaping(logprobs: 3), seed: 8)
        func rows(_ tokens: Range<Int>) -> InsertedRows {
            let embedded = request.prompt[tokens].flatMap { values[Int($0) * hidden..<(Int($0) + 1) * hidden] }
            return InsertedRows(at: tokens.lowerBound, rows: TestRequests.rows(embedded, tokens.count, dtype), digest: [])
        }
        for tokens in [[0..<1], [200..<256], [255..<256, 256..<280], [3..<256, 256..<279], [10..<270]] {
            var ids = request.prompt
            for run in tokens { for token in run { ids[token] = 0 } }
            let inserted = DecodingRequest(
                prompt: ids, positions: request.positions, sampler: request.sampler, stop: request.stop, rows: tokens.map(rows))
            let plain = try cut(request, like: inserted)
            let expected = try TestDecoder.batch(decoder, size: 1).run([plain])[0]
            let story = try TestDecoder.batch(decoder, size: 1).run([inserted])[0]
            #expect(story.answer == expected.answer, "\(tokens)")
        }
    }

    /// `request`, with one row in place of each id that ends a run of `other`: what it was anyway, so that both are cut alike.
    private func cut(_ request: DecodingRequest, like other: DecodingRequest) throws -> DecodingRequest {
        DecodingRequest(
            prompt: request.prompt, positions: request.positions, sampler: request.sampler, stop: request.stop,
            rows: other.rows.map { run in
                let row = run.rows.bytes.suffix(run.rows.bytes.count / run.rows.count)
                return InsertedRows(
                    at: run.tokens.upperBound - 1, rows: EmbeddingRows(count: 1, dtype: run.rows.dtype, bytes: Array(row)), digest: [])
            })
    }
}

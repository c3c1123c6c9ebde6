import Decoding
import Domain
import Tokenizing

extension AnswerGenerator {
    /// How the decoder answers a prompt, in at most `limit` tokens.
    /// - Throws: `RequestError` for a thinking budget with a model that has no marks for thoughts.
    func decoding(_ request: AnswerRequest, _ prompt: PromptProcessor.Prompt, limit: Int) throws(RequestError) -> DecodingRequest {
        var forced: ForcedTokens?
        if let budget = request.parameters.options.thinkingBudget { forced = try ForcedTokens(thinkingBudget: budget, processor.marks) }
        return DecodingRequest(
            prompt: prompt.ids, positions: prompt.positions, sampler: Sampler(generation, request.parameters, excluded: unassignedIDs),
            stop: .tokens(ends, limit: limit),
            rows: zip(request.pictures, prompt.pictures).map { InsertedRows($0, at: $1.lowerBound) }, told: request.told, forced: forced,
            cachesPrefix: true)
    }

    func assembler(_ request: AnswerRequest, limit: Int) -> AnswerAssembler {
        let options = request.parameters.options
        return AnswerAssembler(processor.tokenizer, processor.marks, ends: ends, limit: limit, stop: options.stop, raw: options.raw)
    }

    func logprob(_ id: Int32, _ logprobs: TokenLogprobs) -> TokenLogprob {
        func alternative(_ id: Int32, _ logprob: Float) -> TokenLogprob.Alternative {
            TokenLogprob.Alternative(id: id, bytes: processor.tokenizer.bytes(of: id) ?? [], logprob: logprob)
        }
        return TokenLogprob(
            token: alternative(id, logprobs.chosen), alternatives: logprobs.alternatives.map { alternative($0.id, $0.logprob) })
    }
}

extension AnswerAssembler {
    /// Brings it to where another was after these ids, whose text was told.
    /// - Parameter limit: ids of tokens that are sampled are below this.
    /// - Throws: for ids that no stage with this model has generated.
    mutating func replay(_ told: [Int32], below limit: Int) throws(RequestError) {
        for (index, id) in told.enumerated() {
            guard finish == nil else { throw RequestError("told has \(told.count) ids, the answer ends after \(index)") }
            guard (0..<limit).contains(Int(id)) else { throw RequestError("told[\(index)] is \(id), the tokenizer has \(limit) ids") }
            _ = append(id)
        }
    }
}

import Decoding
import Domain
import GLMImage
import ModelConfiguration

extension Verifier {
    /// The prompt's positions, the logits over it, and the tokens that follow by argmax.
    func checkText(_ report: Report) {
        let names = ["text.position_ids", "text.logits", "text.greedy_ids"]
        guard let text = load(names, report, { try TextGenerator(model: model, devices: self.text) }),
            let prompt = load(names, report, { try promptIDs(text) }),
            let plan = load(names, report, { try positions(text) })
        else { return }

        check(names[0], report) { name in
            try equal(name, (0..<3).flatMap { axis in plan.prompt.map { $0[axis] } })
        }
        guard let request = load(Array(names[1...]), report, { try request(prompt, plan) }) else { return }
        check(names[1], report) { name in
            var logits: [Float] = []
            let (batch, sequence) = SequenceBatch.alone(text.decoder, request)
            try batch.read(request, sequence, each: { _ in logits += try batch.allLogits() })
            return try relative(name, logits)
        }
        check(names[2], report) { name in try greedy(name, text.decoder, request, plan) }
    }

    private func request(_ prompt: [Int32], _ plan: PositionPlan) throws -> DecodingRequest {
        guard !prompt.isEmpty else { throw VerificationError("a prompt of no tokens") }
        // All codes and the end token.
        return DecodingRequest(prompt, positions: plan.positions, limit: plan.generated.count + 1)
    }

    private func greedy(_ name: String, _ decoder: TokenDecoder, _ request: DecodingRequest, _ plan: PositionPlan) throws -> Verdict {
        let expected = try reference.integers(name)
        guard expected.count <= plan.generated.count + 1 else {
            throw VerificationError("\(expected.count) greedy ids, the grids have \(plan.generated.count) positions")
        }
        let (batch, sequence) = SequenceBatch.alone(decoder, request)
        try batch.read(request, sequence)
        return try greedy(name, sequence, batch) { _, _ in }
    }

    private func promptIDs(_ text: TextGenerator) throws -> [Int32] {
        let vocabulary = text.decoder.configuration.vocabularySize
        let ids = try reference.indices("processor.input_ids", below: vocabulary)
        let codes = reference.has("vision.token_ids") ? try reference.indices("vision.token_ids", below: vocabulary) : []
        return text.processor.fill(ids, with: codes)
    }

    private func positions(_ text: TextGenerator) throws -> PositionPlan {
        let ids = try reference.indices("processor.input_ids", below: text.decoder.configuration.vocabularySize)
        let grids = try reference.grids()
        let plan = text.processor.positions(ids, sources: grids.sources, targets: grids.targets)
        guard plan.prompt.count == ids.count else {
            throw VerificationError("processor.input_ids has \(ids.count) tokens, the source grids make it \(plan.prompt.count)")
        }
        return plan
    }
}

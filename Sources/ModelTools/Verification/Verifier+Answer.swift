import Decoding
import Domain
import GLM4V
import ModelConfiguration
import Tensor

extension Verifier {
    /// The prompt's positions, the decoder over it with the images' rows in place, and the tokens that follow by argmax.
    func checkAnswer(_ report: Report) {
        let places = ["text.position_ids", "text.rope_delta"]
        let prompt = ["text.hidden_first", "text.hidden_last", "text.last_logits"]
        let steps = ["text.greedy_ids", "text.step_logits"]
        let names = places + prompt + steps
        guard let generator = load(names, report, { try AnswerGenerator(model: model, devices: text) }),
            let request = load(names, report, { try answerRequest(generator) })
        else { return }
        let tokens = request.prompt.count

        check(places[0], report) { name in
            try equal(name, (0..<3).flatMap { axis in (0..<tokens).map { request.positions[$0][axis] } })
        }
        check(places[1], report) { name in try equal(name, [request.positions[tokens][0] - tokens]) }

        guard let run = load(prompt + steps, report, { try AnswerRun(generator.decoder, request) }) else { return }
        for (name, values) in zip(prompt, [run.hiddenFirst, run.hiddenLast, run.lastLogits]) {
            check(name, report) { try relative($0, values) }
        }
        var stepLogits: [Float] = []
        check(steps[0], report) { name in
            let step = try reference.has(steps[1]) ? reference.number("step", Int.self) : -1
            return try greedy(name, run.sequence, run.batch) { index, logits in if index == step { stepLogits = logits } }
        }
        check(steps[1], report) { try relative($0, stepLogits) }
    }

    /// The file's ids, with its rows in the places of `<|image|>`.
    private func answerRequest(_ generator: AnswerGenerator) throws -> DecodingRequest {
        let configuration = try GLM4VConfiguration.load(model)
        let ids = try reference.indices("processor.input_ids", below: configuration.text.vocabularySize)
        let merge = configuration.vision.mergeSize
        let grids = try reference.imageGrids().map { GridSize(height: $0.height / merge, width: $0.width / merge) }
        let places = try pictures(ids, grids, token: Int32(configuration.imageTokenID))
        let columns = configuration.text.hiddenSize
        let count = grids.reduce(0) { $0 + $1.count }
        let features = grids.isEmpty ? [] : try reference.floats("vision.features")
        guard features.count == count * columns, !ids.isEmpty else {
            throw VerificationError("vision.features has \(features.count) elements, \(ids.count) ids have \(count) places of \(columns)")
        }
        let element: PictureRows.Element = precision == .f32 ? .f32 : .bf16
        var rows: [InsertedRows] = []
        var start = 0
        for (grid, place) in zip(grids, places) {
            let end = start + grid.count * columns
            let picture = try PictureRows(grid: grid, columns: columns, element: element, bytes: element.bytes(Array(features[start..<end])))
            rows.append(InsertedRows(picture, at: place.lowerBound))
            start = end
        }
        let generated = reference.has("text.greedy_ids") ? try reference.shape("text.greedy_ids").reduce(1, *) : 0
        return DecodingRequest(
            ids, positions: SequencePositions(tokens: ids.count, pictures: zip(places, grids)), rows: rows, limit: max(generated, 1))
    }

    /// Where each image's tokens stand.
    private func pictures(_ ids: [Int32], _ grids: [GridSize], token: Int32) throws -> [Range<Int>] {
        var places: [Range<Int>] = []
        var index = 0
        while let start = ids[index...].firstIndex(of: token) {
            let count = places.count < grids.count ? grids[places.count].count : 0
            guard count > 0, ids[start...].prefix(count).allSatisfy({ $0 == token }), ids.count - start >= count else {
                throw VerificationError("processor.input_ids has other places for images than processor.image_grid_thw")
            }
            places.append(start..<start + count)
            index = start + count
        }
        guard places.count == grids.count else {
            throw VerificationError("processor.input_ids has places for \(places.count) images, processor.image_grid_thw has \(grids.count)")
        }
        return places
    }
}

/// A prompt, read as a request's is: chunk by chunk.
private struct AnswerRun {
    let batch: SequenceBatch
    let sequence: SequenceBatch.Sequence
    /// The residual stream behind the first layer and behind the last, `[tokens, hidden]`.
    private(set) var hiddenFirst: [Float] = []
    private(set) var hiddenLast: [Float] = []
    /// `[vocabulary]`
    private(set) var lastLogits: [Float] = []

    init(_ decoder: TokenDecoder, _ request: DecodingRequest) throws {
        (batch, sequence) = SequenceBatch.alone(decoder, request)
        var layer = 0
        try batch.read(
            request, sequence,
            layer: {
                if layer == 1 { hiddenFirst += try batch.hiddenStates(rows: request.chunk(from: sequence.count).count) }
                layer += 1
            },
            each: { rows in
                let last = try batch.hiddenStates(rows: rows)
                if layer == 1 { hiddenFirst += last }
                hiddenLast += last
                layer = 0
            })
        batch.predictLast()
        lastLogits = try batch.lastLogits()
    }
}

import Decoding
import Domain
import GLM4V
import ModelConfiguration
import Tensor

// The parts of a question model.

extension ModelBenchmark {
    static let answerParts = ["tower", "first-word"]

    func answer(_ loaded: (LoadTiming) -> Void, _ timed: (PartTiming) -> Void) throws {
        var picture: (grid: GridSize, rows: () throws -> PictureRows)?
        if Self.answerParts.contains(where: wants) {
            let encoder = try load("vision", loaded) { try PictureEncoder(model: model, device: device) }
            let size = try encoder.processor.sizeRule.size(height: sizes.side, width: sizes.side, field: "side")
            let patch = encoder.processor.patchSize
            let patches = noise(3 * size.height * size.width)
            let count = size.height * size.width / (patch * patch)
            func rows() throws -> [Float] { try device.floats(encoder.tower(patches, size.grid) {}) }
            try time("tower", "\(count) patches", tokens: count, timed) { _ = try rows() }
            picture = (
                size.grid,
                {
                    try PictureRows(
                        grid: size.grid, columns: encoder.tower.configuration.outputSize, element: .f32, bytes: PictureRows.Element.f32.bytes(rows()))
                }
            )
        }
        guard parts != ["tower"] else { return }
        let generator = try load("text", loaded) { try AnswerGenerator(model: model, device: device) }
        if let picture {
            let prompt = prompt(generator.decoder, picture.grid)
            try time("first-word", "image and \(sizes.questionTokens) tokens", tokens: prompt.count, timed) {
                try read(prompt, picture.rows(), generator.decoder)
            }
        }
        try decoding(generator.decoder, timed)
    }

    /// An image in front of a question.
    private func prompt(_ decoder: TokenDecoder, _ grid: GridSize) -> [Int32] {
        (0..<grid.count + sizes.questionTokens).map { Int32($0 * 31 % decoder.configuration.vocabularySize) }
    }

    /// Reads a prompt that begins with an image, up to the logits of its first word.
    private func read(_ prompt: [Int32], _ picture: PictureRows, _ decoder: TokenDecoder) throws {
        let image = 0..<picture.grid.count
        let request = DecodingRequest(
            prompt, positions: SequencePositions(tokens: prompt.count, pictures: [(image, picture.grid)]), rows: [InsertedRows(picture, at: 0)],
            limit: 1)
        let (batch, sequence) = SequenceBatch.alone(decoder, request)
        try batch.read(request, sequence)
        batch.predictLast()
        _ = try batch.lastLogits()
    }
}

import Domain
import ModelConfiguration

/// Predicted seconds that a stage works for one request like ``Checkpoint/ModelPipeline/reference``, or one of another size: for comparing
/// placements, not for promises. Every figure is an estimate.
struct StageSeconds {
    let model: ModelDescription
    /// Of the stage's chip, in a second.
    private let operations: Double
    /// Bytes in a second; nil: products bound a step, not reading the weights.
    private let bandwidth: Double?

    /// Tokens that are read of each request beside its image: template and question.
    private static let question = 32
    /// The share of its peak that a chip reaches. Published runs of the decoder on one 910B take 20.1 ms a token, 0.46 of
    /// the bandwidth.
    private static let share = 0.5
    /// Seconds a step grows by with each further sequence of a batch: SGLang measured +44 % at 16.
    private static let batchCost = 0.44 / 15

    init(_ model: ModelDescription, on chip: ChipFigures) {
        self.model = model
        operations = chip.operations * Self.share
        bandwidth = chip.bandwidth.map { $0 * Self.share }
    }

    /// - Parameters:
    ///   - batch: sequences that are computed together; of their time it is one's share.
    ///   - pixels: of the image.
    func seconds(_ kind: StageKind, batch: Int, pixels: Int = ReferenceRequest.side * ReferenceRequest.side) -> Double {
        switch model.configurations {
        case .image(let image): seconds(kind, of: image, batch: batch, pixels: pixels)
        case .answer(let answer): seconds(kind, of: answer, batch: batch)
        }
    }

    private func seconds(_ kind: StageKind, of image: ImageConfigurations, batch: Int, pixels: Int) -> Double {
        let codes = pixels / (32 * 32)
        switch kind {
        case .vision: return reading(.vision, tokens: codes)
        case .text:
            let drawn = codes / 4 + codes + 1  // preview, picture, end
            return Double(drawn) * token(batch: batch)
        case .diffusion:
            // Products with the weights, and the two of attention; both branches of guidance.
            let tokens = Double(pixels / (16 * 16))
            let attention = 4 * tokens * tokens * Double(image.transformer.hiddenSize * image.transformer.layers)
            let parameters = Double(model.weights.part(.transformer).parameters)
            return Double(ReferenceRequest.steps) * 2 * (2 * parameters * tokens + attention) / operations
        }
    }

    private func seconds(_ kind: StageKind, of answer: AnswerConfigurations, batch: Int) -> Double {
        let tokens = answer.tokens(pixels: ReferenceRequest.side * ReferenceRequest.side)
        switch kind {
        case .vision: return reading(.vision, tokens: answer.patches(tokens: tokens))
        case .text:
            return reading(.text, tokens: tokens + Self.question)
                + Double(ReferenceRequest.answerTokens) * token(batch: batch)
        case .diffusion: return .infinity
        }
    }

    /// Rows that pass through a stage's weights together.
    private func reading(_ kind: StageKind, tokens: Int) -> Double { 2 * parameters(kind) * Double(tokens) / operations }

    /// One token of one of `batch` sequences. Reading the weights bounds it on an accelerator; multiplying them does on the host.
    private func token(batch: Int) -> Double {
        guard let bandwidth else { return 2 * parameters(.text) / operations }
        return 2 * parameters(.text) / bandwidth * (1 + Self.batchCost * Double(batch - 1)) / Double(batch)
    }

    private func parameters(_ kind: StageKind) -> Double { Double(model.weights.stage(kind).parameters) }
}

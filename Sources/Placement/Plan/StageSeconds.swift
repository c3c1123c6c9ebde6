import Domain
import ModelConfiguration

/// Predicted seconds that a stage works for one request like ``Checkpoint/ModelPipeline/reference``, or one of another size: for comparing
/// placements, not for promises. Every figure is an estimate.
struct StageSeconds {
    let model: ModelDescription
    /// Of the stage's chip, in a second.
    private let operations: Double
    /// Bytes in a second; nil, of the host: products bound a step, not reading the weights.
    private let bandwidth: Double?
    private let link: CardLink

    /// Tokens that are read of each request beside its image: template and question.
    private static let question = 32
    /// The share of its peak that a chip reaches. Published runs of the decoder on one 910B take 20.1 ms a token, 0.46 of
    /// the bandwidth.
    private static let share = 0.5
    /// Seconds a step grows by with each further sequence of a batch: SGLang measured +44 % at 16.
    private static let batchCost = 0.44 / 15
    /// The share of the links' rate that an exchange reaches, and seconds that it takes however little is sent: msmodeling.
    private static let linkShare = 0.7, exchangeSeconds = 10e-6
    /// Of a block of the transformer: queries, keys and values are exchanged, and the result (Ulysses); or two products are summed (tensor
    /// parallelism).
    private static let exchanges = 4, sums = 2

    init(_ model: ModelDescription, on chip: ChipFigures) {
        self.model = model
        operations = chip.operations * Self.share
        bandwidth = chip.bandwidth.map { $0 * Self.share }
        link = chip.link
    }

    /// Of all devices of the stage together.
    /// - Parameters:
    ///   - batch: sequences that are computed together; of their time it is one's share.
    ///   - ranks: devices among which each pass of a diffusion stage is divided, and how.
    ///   - pixels: of the image.
    func seconds(
        _ kind: StageKind, batch: Int, ranks: Int = 1, _ division: PassDivision? = nil,
        pixels: Int = ReferenceRequest.side * ReferenceRequest.side
    ) -> Double {
        switch model.configurations {
        case .image(let image): seconds(kind, of: image, batch: batch, ranks: ranks, division, pixels: pixels)
        case .answer(let answer): seconds(kind, of: answer, batch: batch)
        }
    }

    private func seconds(
        _ kind: StageKind, of image: ImageConfigurations, batch: Int, ranks: Int, _ division: PassDivision?, pixels: Int
    ) -> Double {
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
            let pass = (2 * products(model.weights.part(.transformer)) * tokens + attention) / operations
            let exchanged =
                division == .tensorParallel
                ? sum(image.transformer, tokens: tokens, ranks: ranks) : exchange(image.transformer, tokens: tokens, ranks: ranks)
            return Double(ReferenceRequest.steps) * 2 * (pass + Double(ranks) * exchanged)
        }
    }

    /// Seconds that each of several devices takes in a pass to exchange its rows of all heads for its heads of all rows and back: packing them,
    /// and sending each of the others its share, in bf16.
    private func exchange(_ transformer: TransformerConfiguration, tokens: Double, ranks: Int) -> Double {
        guard ranks > 1, let bandwidth else { return 0 }
        let own = 2 * tokens / Double(ranks) * Double(transformer.hiddenSize)
        let sent = own * Double(ranks - 1) / Double(ranks) / (link.rate(ranks: ranks) * Self.linkShare)
        return Double(transformer.layers * Self.exchanges) * (sent + 2 * own / bandwidth + Self.exchangeSeconds)
    }

    /// Seconds that each of several devices takes in a pass to sum its terms with the others': it sends twice the others' share of all rows, once of
    /// terms and once of sums, in f32.
    private func sum(_ transformer: TransformerConfiguration, tokens: Double, ranks: Int) -> Double {
        guard ranks > 1 else { return 0 }
        let all = 4 * tokens * Double(transformer.hiddenSize)
        let sent = 2 * all * Double(ranks - 1) / Double(ranks) / (link.rate(ranks: ranks) * Self.linkShare)
        return Double(transformer.layers * Self.sums) * (sent + Self.exchangeSeconds)
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
    private func reading(_ kind: StageKind, tokens: Int) -> Double { 2 * products(model.weights.stage(kind)) * Double(tokens) / operations }

    /// One token of one of `batch` sequences. Reading the weights bounds it on an accelerator; multiplying them does on the host.
    private func token(batch: Int) -> Double {
        let weights = model.weights.stage(.text)
        guard let bandwidth else { return 2 * products(weights) / operations }
        return Double(weights.acceleratorBytes(.bf16)) / bandwidth * (1 + Self.batchCost * Double(batch - 1)) / Double(batch)
    }

    /// Of one row with the weights, each as long as one in bf16: an accelerator takes half the time for int8.
    private func products(_ weights: WeightCount) -> Double {
        Double(weights.parameters) - (bandwidth == nil ? 0 : Double(weights.int8Elements) / 2)
    }
}

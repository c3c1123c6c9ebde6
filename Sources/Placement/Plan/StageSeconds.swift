import Domain
import ModelConfiguration

/// Predicted seconds that a stage works for one picture of 1024 × 1024 with 50 steps and guidance: for comparing placements,
/// not for promises. Every figure is an estimate.
struct StageSeconds {
    let model: ModelDescription

    private static let codes = 1024  // one for 32 × 32 pixels
    private static let drawn = 1281  // preview, picture, end
    private static let imageTokens = 4096  // one for 16 × 16 pixels
    private static let steps = 50
    /// The share of its peak that a chip reaches. Published runs of the decoder on one 910B take 20.1 ms a token, 0.55 of
    /// the bandwidth.
    private static let share = 0.5
    /// Seconds a step grows by with each further sequence of a batch: SGLang measured +44 % at 16.
    private static let batchCost = 0.44 / 15

    func seconds(_ kind: StageKind, on chip: ChipFigures, batch: Int) -> Double {
        let operations = chip.operations * Self.share
        switch kind {
        case .vision:
            return 2 * parameters(.vision) * Double(Self.codes) / operations
        case .text:
            // Reading the weights bounds a token on an accelerator; multiplying them does on the host.
            guard let bandwidth = chip.bandwidth else { return Double(Self.drawn) * 2 * parameters(.text) / operations }
            let step = 2 * parameters(.text) / (bandwidth * Self.share) * (1 + Self.batchCost * Double(batch - 1))
            return Double(Self.drawn) * step / Double(batch)
        case .diffusion:
            // Products with the weights, and the two of attention; both branches of guidance.
            let tokens = Double(Self.imageTokens)
            let attention = 4 * tokens * tokens * Double(model.transformer.hiddenSize * model.transformer.layers)
            return Double(Self.steps) * 2 * (2 * Double(model.transformerWeights.parameters) * tokens + attention) / operations
        }
    }

    private func parameters(_ kind: StageKind) -> Double { Double(model.weights[kind]?.parameters ?? 0) }
}

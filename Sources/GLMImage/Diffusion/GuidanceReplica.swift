import Checkpoint
import Domain
import ModelConfiguration
import Tensor

/// The devices that compute the unconditional branch of guidance while those of the main side compute the conditional one: their own copies
/// of the transformer, divided as the main side's, and the thread that drives the first of them.
///
/// Guidance needs two independent passes in each step; what the sides exchange is one image's latents in each step.
final class GuidanceReplica {
    let thread = DeviceThread(name: "guidance")
    private let ranks: TransformerRanks

    init(_ model: ModelFolder, _ side: [DeviceGroup.Rank], dividing division: PassDivision) throws {
        ranks = try thread.run {
            let ranks = try TransformerRanks(model, side, dividing: division)
            // So that a device without enough memory reports it now.
            try side[0].device.synchronize()
            return ranks
        }
    }

    func releaseUnusedMemory() throws { try thread.run { _ = try ranks.each { $0.device.releaseUnusedMemory() } } }

    /// Prepares the unconditional branch of a target.
    /// - Parameter glyphs: the embedding of an empty string, `[text, textEmbeddingSize]`, row by row.
    func branch(_ target: GuidanceBranch.Target, glyphs: [Float]) throws -> GuidanceBranch {
        try thread.run {
            let columns = ranks.main.configuration.textEmbeddingSize
            let shape = Shape(glyphs.count / columns, columns)
            return try GuidanceBranch(ranks, target, maximumText: shape[0], sourceRows: 0) {
                $0.condition(glyphs: $0.device.makeTensor(glyphs, shape), codes: target.codes, dropped: true, sources: .none)
            }
        }
    }
}

package import Checkpoint
package import Domain

/// All weights of a checkpoint in numbers, from the headers of its files.
package struct CheckpointWeights: Sendable {
    private var byStage: [StageKind: WeightCount] = [:]
    private var byPart: [CheckpointPart: WeightCount] = [:]
    private var decoder = DividedWeights(), transformer = DividedWeights()
    /// Floats that the CPU's packed copies of the VAE's convolutions take at most.
    package private(set) var packedConvolutionFloats = 0

    /// - Throws: `CheckpointError`, naming the file.
    package init(_ folder: ModelFolder) throws(CheckpointError) {
        for part in CheckpointPart.parts(of: folder.pipeline) {
            let entries = try folder.weights(part.rawValue).entries.map(\.tensor)
            let names = Set(entries.map(\.name))
            for tensor in entries {
                let form = part.form(of: tensor, among: names)
                byStage[part.stage(of: tensor.name), default: WeightCount()].add(tensor, form)
                byPart[part, default: WeightCount()].add(tensor, form)
                if part.stage(of: tensor.name) == .text { decoder.add(tensor, form, DividedWeights.Part(decoder: tensor.name)) }
                if part == .transformer { transformer.add(tensor, form, DividedWeights.Part(transformer: tensor.name)) }
                if part == .vae, tensor.shape.count == 4 { packedConvolutionFloats += PackedConvolution(tensor).floats }
            }
        }
    }

    /// Of all parts that a stage of the kind holds.
    package func stage(_ kind: StageKind) -> WeightCount { byStage[kind] ?? WeightCount() }

    /// Of one of several ranks that divide a text stage's passes.
    package func decoder(rank: Int, of ranks: Int, keyValueHeads: Int) -> WeightCount {
        decoder.count(rank: rank, of: ranks, keyValueHeads: keyValueHeads)
    }

    /// Of the transformer's, those of one of several ranks among which its products are divided; of one rank, all.
    package func transformer(rank: Int, of ranks: Int) -> WeightCount { transformer.count(rank: rank, of: ranks) }

    package func part(_ part: CheckpointPart) -> WeightCount { byPart[part] ?? WeightCount() }
}

import Domain
package import ModelConfiguration
import Checkpoint
import Foundation
import Layers
import Tensor

/// The transformer that turns noise into latents, conditioned on codes, glyphs and sizes.
///
/// Reference: diffusers 0.42.1 `GlmImageTransformer2DModel`.
package struct DiffusionTransformer {
    package let configuration: TransformerConfiguration
    let device: any Device
    /// Nil where the device computes passes alone.
    let communicator: (any Communicator)?
    private let share: TransformerShare
    private let imageProjector: Linear  // [hidden, channels · patch²]   image_projector.proj
    private let glyph1, glyph2: Linear  // glyph_projector.net.0.proj [hidden, textSize], net.2 [hidden, hidden]
    private let priorEmbedding: Tensor  // [codes, hidden]               prior_token_embedding
    private let prior1, prior2: Linear  // [hidden, hidden]              prior_projector.net.0.proj, net.2
    private let timestepEmbedding: TimestepEmbedding
    private let blocks: [TransformerBlock]
    private let outputModulation: Linear  // [2 · hidden, timeSize]        norm_out.linear
    private let output: Linear  // [channels · patch², hidden]   proj_out

    /// - Parameter share: what the rank has of each pass.
    init(_ model: ModelFolder, on device: any Device, _ share: TransformerShare, _ communicator: (any Communicator)?) throws {
        let configuration = try TransformerConfiguration.load(model)
        self.configuration = configuration
        self.device = device
        self.communicator = communicator
        self.share = share
        let hidden = configuration.hiddenSize
        let patch = configuration.inChannels * configuration.patchSize * configuration.patchSize
        let map = try model.weights("transformer")
        let weights = WeightScope(map: map, device: device)
        imageProjector = try weights.linear("image_projector.proj", from: patch, to: hidden)
        glyph1 = try weights.linear("glyph_projector.net.0.proj", from: configuration.textEmbeddingSize, to: hidden)
        glyph2 = try weights.linear("glyph_projector.net.2", from: hidden, to: hidden)
        priorEmbedding = try weights.table("prior_token_embedding.weight", configuration.codebookSize, hidden)
        prior1 = try weights.linear("prior_projector.net.0.proj", from: hidden, to: hidden)
        prior2 = try weights.linear("prior_projector.net.2", from: hidden, to: hidden)
        timestepEmbedding = try TimestepEmbedding(weights.scope("time_condition_embed"), configuration)
        blocks = try (0..<configuration.layers).map {
            try TransformerBlock(weights.scope("transformer_blocks.\($0)"), configuration, share, communicator)
        }
        outputModulation = try weights.linear("norm_out.linear", from: configuration.timeEmbeddingSize, to: 2 * hidden)
        output = try weights.linear("proj_out", from: hidden, to: patch)
        try map.finish()
    }

    private var activationType: DType { device.activationType(beside: priorEmbedding) }

    /// Among the devices that compute a pass together.
    var rank: Int { communicator?.rank ?? 0 }

    /// What to draw, prepared once for all steps: the rank's rows of it.
    struct Conditioning {
        let span: SequenceSpan
        let text: Tensor  // [text, hidden]
        let prior: Tensor  // [image, hidden]
        let sources: ForwardPass.SourceUse
    }

    /// - Parameters:
    ///   - glyphs: embeddings of the quoted strings, `[text, textEmbeddingSize]`; nil: there is no text.
    ///   - codes: of the image, one for each patch.
    ///   - dropped: the image is drawn as if nothing were known of its codes.
    func condition(glyphs: Tensor?, codes: [Int32], dropped: Bool, sources: ForwardPass.SourceUse) -> Conditioning {
        let text = glyphs.map(projectGlyphs) ?? device.makeTensor(Shape(0, configuration.hiddenSize), activationType)
        let span = SequenceSpan(text: text.rows, image: codes.count, rank: rank % share.rowRanks, of: share.rowRanks)
        return Conditioning(
            span: span, text: text.rows(span.textRows), prior: projectPrior(Array(codes[span.imageRows]), dropped: dropped), sources: sources)
    }

    /// Which step of a picture a pass is, and what its branch keeps of earlier ones.
    struct CachedStep {
        let cache: StepCache
        /// From 0.
        let step: Int
        /// Steps of the picture.
        let count: Int
    }

    /// What a branch keeps from step to step; see ``StepCache``.
    func makeStepCache(threshold: Float, _ span: SequenceSpan) -> StepCache {
        StepCache(threshold: threshold, span, hidden: configuration.hiddenSize, on: device, communicator)
    }

    /// Memory for the passes of a picture's steps.
    /// - Parameters:
    ///   - height: the picture's, in pixels, as the size embedding takes it.
    ///   - width: as `height`.
    ///   - grid: extents in patches of 2 × 2 latents.
    ///   - maximumText: the most rows of text that a pass has.
    ///   - sourceRows: patches of the source images that a pass attends to.
    func makeWorkspace(height: Int, width: Int, grid: GridSize, maximumText: Int, sourceRows: Int) -> TransformerWorkspace {
        TransformerWorkspace(
            grid: grid, maximumText: maximumText, sourceRows: sourceRows, sizeEmbedding: timestepEmbedding.size(height: height, width: width),
            rotary: rotary(grid), configuration, activationType, share, on: device, communicator)
    }

    /// `glyphs [text, textEmbeddingSize]` through the glyph projector: `[text, hidden]`.
    private func projectGlyphs(_ glyphs: Tensor) -> Tensor {
        let inner = device.makeTensor(Shape(glyphs.rows, configuration.hiddenSize), activationType)
        let result = device.makeTensor(inner.shape, activationType)
        glyph1(glyphs, .store(.gelu), into: inner)
        glyph2(inner, into: result)
        return result
    }

    /// The prior of each patch, `[codes, hidden]`; a dropped prior is the projection of zeros, not zeros.
    private func projectPrior(_ codes: [Int32], dropped: Bool) -> Tensor {
        let embedded = device.makeTensor(Shape(codes.count, configuration.hiddenSize), activationType)
        let inner = device.makeTensor(embedded.shape, activationType)
        if dropped {
            device.write([Float](repeating: 0, count: embedded.shape.count), to: embedded)
        } else {
            device.embed(codes, table: priorEmbedding, into: embedded)
        }
        prior1(embedded, .store(.silu), into: inner)
        prior2(inner, into: embedded)
        return embedded
    }

    /// Predicts the velocity at `time` (the time step minus 1).
    ///
    /// - Parameters:
    ///   - latents: of the whole image, `[image, channels · patch²]`, patches in raster order, elements in (channel, y, x) order.
    ///   - cached: the branch's cache and the step of its picture; nil: all blocks are computed.
    /// - Returns: the velocity of the rank's rows, in the same layout; of rows that all ranks have, on the first.
    func velocity(
        _ workspace: TransformerWorkspace, _ conditioning: Conditioning, latents: [Float], time: Float, cached: CachedStep?,
        checkCancellation: () throws -> Void
    ) throws -> [Float] {
        let pass = try run(workspace, conditioning, latents: latents, time: time, cached: cached, checkCancellation: checkCancellation)
        guard share.headRanks == 1 || rank == 0 else {
            try communicator?.synchronize()
            return []
        }
        // No activation before this one, unlike the usual adaLN: the embedding carries its SiLU already.
        outputModulation(pass.timeEmbedding, into: workspace.outputModulation)
        let hidden = configuration.hiddenSize
        let vectors = workspace.outputModulation.reshaped(Shape(2 * hidden))
        let normed = pass.normed.rows(pass.imageRows)
        device.modulatedLayerNorm(
            pass.x.rows(pass.imageRows), scale: vectors.elements(0..<hidden), shift: vectors.elements(hidden..<2 * hidden),
            epsilon: TransformerBlock.normEpsilon, into: normed)
        let patches = workspace.patches.prefix(Shape(pass.imageRows.count, workspace.patches.columns))
        output(normed, into: patches)
        try communicator?.synchronize()
        return try device.floats(patches)
    }

    /// Runs a source image through the blocks at time 0 with no text, so that its keys and values are stored in `stored`.
    func writeSource(
        _ stored: SourceKVShard, latents: [Float], codes: [Int32], height: Int, width: Int, grid: GridSize, checkCancellation: () throws -> Void
    ) throws {
        let workspace = makeWorkspace(height: height, width: width, grid: grid, maximumText: 0, sourceRows: 0)
        let conditioning = condition(glyphs: nil, codes: codes, dropped: false, sources: .write(stored))
        _ = try run(workspace, conditioning, latents: latents, time: 0, cached: nil, checkCancellation: checkCancellation)
        try communicator?.synchronize()
        try device.synchronize()
    }

    private func run(
        _ workspace: TransformerWorkspace, _ conditioning: Conditioning, latents: [Float], time: Float, cached: CachedStep?,
        checkCancellation: () throws -> Void
    ) throws -> ForwardPass {
        let span = conditioning.span
        let pass = ForwardPass(span, workspace, sources: conditioning.sources)
        let patches = workspace.patches.prefix(Shape(span.imageRows.count, workspace.patches.columns)), patch = patches.columns
        device.write(Array(latents[span.imageRows.lowerBound * patch..<span.imageRows.upperBound * patch]), to: patches)
        if !pass.textRows.isEmpty { device.copy(conditioning.text, to: pass.x.rows(pass.textRows)) }
        device.copy(conditioning.prior, to: pass.x.rows(pass.imageRows))
        imageProjector(patches, .add, into: pass.x.rows(pass.imageRows))
        timestepEmbedding(time: time, size: workspace.sizeEmbedding, into: pass.timeEmbedding)
        func compute(_ layers: Range<Int>) throws {
            for layer in layers {
                try checkCancellation()
                blocks[layer](pass, layer: layer, on: device)
            }
        }
        if let cached {
            try cached.cache.run(pass, blocks: blocks.count, step: cached.step, of: cached.count, compute: compute)
        } else {
            try compute(0..<blocks.count)
        }
        return pass
    }

    /// Angles of every patch: the first half of the pairs turn by its row, the second by its column.
    ///
    /// Reference: diffusers 0.42.1 `GlmImageRotaryPosEmbed`, theta 10000.
    private func rotary(_ grid: GridSize) -> RotaryTable {
        let half = configuration.headSize / 2
        let frequencies = stride(from: 0, to: half, by: 2).map { 1 / powf(10000, Float($0) / Float(half)) }
        var angles: [Float] = []
        angles.reserveCapacity(grid.count * half)
        for row in 0..<grid.height {
            for column in 0..<grid.width {
                angles += frequencies.map { Float(row) * $0 }
                angles += frequencies.map { Float(column) * $0 }
            }
        }
        let table = RotaryTable(rows: grid.count, pairs: half, on: device)
        table.write(angles, on: device)
        return table
    }
}

package import ModelConfiguration
import Checkpoint
import Foundation
import Layers
import Tensor

/// The transformer that turns noise into latents, told by codes, glyphs and sizes what to draw.
///
/// Reference: diffusers 0.42.1 `GlmImageTransformer2DModel`.
package struct DiffusionTransformer {
    package let configuration: TransformerConfiguration
    private let device: any Device
    private let imageProjector: Linear  // [hidden, channels · patch²]   image_projector.proj
    private let glyph1, glyph2: Linear  // glyph_projector.net.0.proj [hidden, textSize], net.2 [hidden, hidden]
    private let priorEmbedding: Tensor  // [codes, hidden]               prior_token_embedding
    private let prior1, prior2: Linear  // [hidden, hidden]              prior_projector.net.0.proj, net.2
    private let timeCondition: TimeCondition
    private let blocks: [TransformerBlock]
    private let outputModulation: Linear  // [2 · hidden, timeSize]        norm_out.linear
    private let output: Linear  // [channels · patch², hidden]   proj_out

    init(_ model: ModelFolder, on device: any Device) throws {
        let configuration = try TransformerConfiguration.load(model)
        self.configuration = configuration
        self.device = device
        let hidden = configuration.hiddenSize
        let patch = configuration.inChannels * configuration.patchSize * configuration.patchSize
        let map = try WeightMap(folder: model.component("transformer"))
        let weights = WeightScope(map: map, device: device)
        imageProjector = try weights.linear("image_projector.proj", from: patch, to: hidden)
        glyph1 = try weights.linear("glyph_projector.net.0.proj", from: configuration.textEmbeddingSize, to: hidden)
        glyph2 = try weights.linear("glyph_projector.net.2", from: hidden, to: hidden)
        priorEmbedding = try weights.table("prior_token_embedding.weight", configuration.codebookSize, hidden)
        prior1 = try weights.linear("prior_projector.net.0.proj", from: hidden, to: hidden)
        prior2 = try weights.linear("prior_projector.net.2", from: hidden, to: hidden)
        timeCondition = try TimeCondition(weights.scope("time_condition_embed"), configuration)
        blocks = try (0..<configuration.layers).map { try TransformerBlock(weights.scope("transformer_blocks.\($0)"), configuration) }
        outputModulation = try weights.linear("norm_out.linear", from: configuration.timeEmbeddingSize, to: 2 * hidden)
        output = try weights.linear("proj_out", from: hidden, to: patch)
        try map.finish()
    }

    /// One side of guidance: what to draw, prepared once for all steps.
    struct Branch {
        let text: Tensor  // [text, hidden]
        let prior: Tensor  // [image, hidden]
        let cache: TransformerPass.CacheUse
    }

    /// A picture in progress: the passes that each step runs, and their memory.
    final class Session {
        let grid: GridSize  // of patches
        fileprivate let size: Tensor  // [1, timeSize]
        fileprivate let patches: Tensor  // [image, channels · patch²]
        fileprivate let memory: TransformerMemory
        fileprivate let outputModulation: Tensor  // [1, 2 · hidden]

        fileprivate init(_ model: DiffusionTransformer, height: Int, width: Int, grid: GridSize, maximumText: Int, cachedRows: Int) {
            let device = model.device
            self.grid = grid
            size = model.timeCondition.size(height: height, width: width)
            patches = device.makeTensor(Shape(grid.count, model.imageProjector.weight.inputs), .f32)
            memory = TransformerMemory(
                grid: grid, maximumText: maximumText, cachedRows: cachedRows, model.configuration, rotary: model.rotary(grid), on: device)
            outputModulation = device.makeTensor(Shape(1, 2 * model.configuration.hiddenSize), .f32)
        }
    }

    /// - Parameters:
    ///   - height: the picture's, in pixels, as the size condition says it.
    ///   - width: likewise.
    ///   - grid: extents in patches of 2 × 2 latents.
    func makeSession(height: Int, width: Int, grid: GridSize, maximumText: Int, cachedRows: Int) -> Session {
        Session(self, height: height, width: width, grid: grid, maximumText: maximumText, cachedRows: cachedRows)
    }

    /// `glyphs [text, textSize]` through the glyph projector: `[text, hidden]`.
    func projectGlyphs(_ glyphs: Tensor) -> Tensor {
        let inner = device.makeTensor(Shape(glyphs.rows, configuration.hiddenSize), .f32)
        let result = device.makeTensor(inner.shape, .f32)
        glyph1(glyphs, .store(.gelu), into: inner)
        glyph2(inner, into: result)
        return result
    }

    /// The prior of each patch, `[codes, hidden]`; a dropped prior is the projection of zeros, not zeros.
    func projectPrior(_ codes: [Int32], dropped: Bool) -> Tensor {
        let embedded = device.makeTensor(Shape(codes.count, configuration.hiddenSize), .f32)
        let inner = device.makeTensor(embedded.shape, .f32)
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
    /// - Parameter latents: `[image, channels · patch²]`, patches in raster order, elements in (channel, y, x) order.
    /// - Returns: the velocity, likewise.
    func velocity(
        _ session: Session, _ branch: Branch, latents: [Float], time: Float, checkCancellation: () throws -> Void
    ) throws -> [Float] {
        let pass = try run(session, branch, latents: latents, time: time, checkCancellation: checkCancellation)
        // No activation before this one, unlike the usual adaLN: the embedding carries its SiLU already.
        outputModulation(pass.timeEmbedding, into: session.outputModulation)
        let hidden = configuration.hiddenSize
        let vectors = session.outputModulation.reshaped(Shape(2 * hidden))
        let normed = pass.normed.rows(pass.imageRows)
        device.modulatedLayerNorm(
            pass.x.rows(pass.imageRows), scale: vectors.elements(0..<hidden), shift: vectors.elements(hidden..<2 * hidden),
            epsilon: TransformerBlock.normEpsilon, into: normed)
        output(normed, into: session.patches)
        return try device.floats(session.patches)
    }

    /// Runs a source image through the blocks at time 0 with no text, so that its keys and values enter `cache`.
    func writeCondition(
        _ cache: ConditionCache, latents: [Float], codes: [Int32], height: Int, width: Int, grid: GridSize, checkCancellation: () throws -> Void
    ) throws {
        let session = makeSession(height: height, width: width, grid: grid, maximumText: 0, cachedRows: 0)
        let branch = Branch(
            text: device.makeTensor(Shape(0, configuration.hiddenSize), .f32), prior: projectPrior(codes, dropped: false), cache: .write(cache))
        _ = try run(session, branch, latents: latents, time: 0, checkCancellation: checkCancellation)
        try device.synchronize()
    }

    private func run(
        _ session: Session, _ branch: Branch, latents: [Float], time: Float, checkCancellation: () throws -> Void
    ) throws -> TransformerPass {
        let pass = TransformerPass(text: branch.text.rows, memory: session.memory, cache: branch.cache)
        device.write(latents, to: session.patches)
        if !pass.textRows.isEmpty { device.copy(branch.text, to: pass.x.rows(pass.textRows)) }
        device.copy(branch.prior, to: pass.x.rows(pass.imageRows))
        imageProjector(session.patches, .add, into: pass.x.rows(pass.imageRows))
        timeCondition(time: time, size: session.size, into: pass.timeEmbedding)
        for (layer, block) in blocks.enumerated() {
            try checkCancellation()
            block(pass, layer: layer, on: device)
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

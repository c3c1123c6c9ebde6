package import ModelConfiguration
public import Checkpoint
public import Imaging
public import Domain
public import Tensor
import Tokenizing

/// A decoded source image with its codes.
struct SourcePicture: Sendable, Hashable {
    var image: RGBImage
    var codes: CodeGrid
}

/// The diffusion stage's model: codes and quoted strings in, a picture out.
public final class ImageRenderer {
    let ranks: TransformerRanks
    /// Computes the unconditional branch of guidance at the same time as the conditional one; nil: the main side does, after it.
    let guidance: GuidanceReplica?
    package let glyphs: GlyphEncoder
    package let autoencoder: Autoencoder
    package let scheduler: SchedulerConfiguration
    private let source: SourceImageRule
    private let device: any Device
    private let sourceCache: SourceKVCache
    /// Heights and widths of the last request's pictures.
    private var sizes: [Int] = []

    /// Takes `transformer`, `text_encoder` and `vae` of the checkpoint, and nothing else.
    /// - Parameters:
    ///   - devices: one side or two: the second computes the unconditional branch of guidance. Every side has a copy of the transformer.
    ///   - division: how the ranks of a side divide a pass: by Ulysses each has a copy of the transformer too, by tensor parallelism a part.
    ///   - sourceCacheBytes: for the keys and values of source images that are kept for later requests.
    ///   - tiled: pictures with a side above the checkpoint's `sample_size` are decoded, and sources encoded, in tiles of that side:
    ///     memory stays a tile's, the picture differs a little.
    public init(
        model: ModelFolder, devices: DeviceGroup, dividing division: PassDivision = .ulysses, sourceCacheBytes: Int = 0, tiled: Bool = false
    ) throws {
        precondition(devices.sides.count <= 2, "\(devices.name): guidance with \(devices.sides.count) sides")
        device = devices.main
        sourceCache = SourceKVCache(capacity: sourceCacheBytes)
        scheduler = try SchedulerConfiguration.load(model)
        source = SourceImageRule(try ProcessorConfiguration.load(model))
        ranks = try TransformerRanks(model, devices.sides[0], dividing: division)
        let transformer = ranks.main
        guidance = try devices.sides.dropFirst().first.map { try GuidanceReplica(model, $0, dividing: division) }
        glyphs = try GlyphEncoder(model, on: device)
        autoencoder = try Autoencoder(model, on: device, tiled: tiled)
        guard autoencoder.configuration.latentChannels == transformer.configuration.inChannels else {
            throw GLMImageError(
                .unsupportedModel,
                "vae latent_channels \(autoencoder.configuration.latentChannels), transformer in_channels \(transformer.configuration.inChannels)")
        }
        guard glyphs.configuration.hiddenSize == transformer.configuration.textEmbeddingSize else {
            throw GLMImageError(
                .unsupportedModel,
                "text_encoder d_model \(glyphs.configuration.hiddenSize), transformer text_embed_dim \(transformer.configuration.textEmbeddingSize)")
        }
        guard autoencoder.configuration.scale * transformer.configuration.patchSize * 2 == RequestLimits.sizeMultiple else {
            throw GLMImageError(
                .unsupportedModel,
                "vae of \(autoencoder.configuration.scale) pixels a latent; a code must stand for \(RequestLimits.sizeMultiple) pixels")
        }
    }

    /// Of the main device.
    package var transformer: DiffusionTransformer { ranks.main }

    /// Side in pixels of the square picture that the checkpoint draws best: what a request gets that names no size.
    public var defaultSide: Int {
        let multiple = RequestLimits.sizeMultiple
        return max(autoencoder.configuration.sampleSide / multiple, 1) * multiple
    }

    /// Whether the transformer is deep enough that a step can skip blocks.
    public var cachesSteps: Bool { StepCaching.isPossible(blocks: transformer.configuration.layers) }

    /// Side in pixels of the tiles in which a tiled renderer takes larger images.
    public var tileSide: Int { autoencoder.configuration.sampleSide }

    /// Refuses what this checkpoint can't compute.
    private func check(_ request: RenderRequest, _ sources: [SourcePicture]) throws(RequestError) {
        if request.parameters.stepCache > 0, !cachesSteps {
            throw RequestError(
                "step_cache \(request.parameters.stepCache): a transformer of \(transformer.configuration.layers) blocks has none to skip")
        }
        try checkGrid(request.target, "target", request.parameters.grid)
        for (index, picture) in sources.enumerated() {
            let size = try source.fittedSize(height: picture.image.height, width: picture.image.width)
            let multiple = RequestLimits.sizeMultiple
            try checkGrid(picture.codes, "source image \(index)", GridSize(height: size.height / multiple, width: size.width / multiple))
        }
    }

    /// Draws the picture.
    ///
    /// - Parameters:
    ///   - images: the request's source images, decoded.
    ///   - checkCancellation: called before each block of each pass; what it throws ends the work.
    ///   - onSources: called once for a request with source images: whether their keys and values were known from an earlier one.
    ///   - onPartial: called with each partial image that the request asks for, and the number of steps done. The picture is the same to the
    ///     bit with and without them.
    ///   - onDenoised: called once behind the last step with the number of those that were computed in full.
    ///   - onStep: called with the number of steps done after each; what it throws ends the work.
    /// - Throws: `RequestError` for a request that this checkpoint can't compute.
    public func render(
        _ request: RenderRequest, images: [RGBImage] = [], checkCancellation: () throws -> Void = {}, onSources: (Bool) -> Void = { _ in },
        onPartial: (RGBImage, Int) throws -> Void = { _, _ in }, onDenoised: (Int) -> Void = { _ in }, onStep: (Int) throws -> Void
    ) throws -> RGBImage {
        precondition(images.count == request.sources.count, "\(images.count) decoded images for \(request.sources.count) sources")
        let parameters = request.parameters
        let sources = zip(images, request.sources).map { SourcePicture(image: $0, codes: $1.codes) }
        try check(request, sources)
        try makeRoom(for: parameters, images)
        let shape = autoencoder.latentShape(height: parameters.height, width: parameters.width)
        var generator = TorchGenerator(seed: parameters.seed)
        let noise = generator.normal(count: shape.count)
        let written = try keysAndValues(of: sources, checkCancellation, onSources)
        let latents = try denoise(request, from: noise, written, checkCancellation, onPartial, onDenoised, onStep)
        let planes = try autoencoder.decode(latents, shape, checkCancellation: checkCancellation)
        return try Autoencoder.picture(planes, height: parameters.height, width: parameters.width)
    }

    /// In a function of its own, so that its memory is free again before the latents are decoded.
    private func denoise(
        _ request: RenderRequest, from noise: [Float], _ sources: SourceKV?, _ checkCancellation: () throws -> Void,
        _ onPartial: (RGBImage, Int) throws -> Void, _ onDenoised: (Int) -> Void, _ onStep: (Int) throws -> Void
    ) throws -> [Float] {
        let parameters = request.parameters
        let shape = autoencoder.latentShape(height: parameters.height, width: parameters.width)
        let denoiser = try Denoiser(
            self, height: parameters.height, width: parameters.width, glyphs: glyphs.encode(GlyphText.quotedStrings(in: request.prompt)),
            codes: request.target.doubled, sources: sources, guidanceScale: parameters.guidanceScale,
            cacheThreshold: parameters.stepCache > 0 ? parameters.stepCache : nil)
        let schedule = Schedule(scheduler, steps: parameters.steps, tokens: shape.grid.count)
        let latents = try denoiser.run(
            schedule, from: noise, predicting: schedule.partialSteps(request.partialImages), checkCancellation: checkCancellation,
            onPrediction: { latents, step in
                try onPartial(autoencoder.partialPicture(of: latents, shape, checkCancellation: checkCancellation), step)
            }, onStep: onStep)
        onDenoised(denoiser.fullSteps)
        return latents
    }

    /// A source image as the transformer reads it: latents of the picture at its own size.
    package func latents(of image: RGBImage, codes: [Int32], checkCancellation: () throws -> Void) throws -> SourceLatents {
        SourceLatents(
            latents: try autoencoder.encode(image, checkCancellation: checkCancellation),
            shape: autoencoder.latentShape(height: image.height, width: image.width),
            height: image.height, width: image.width, codes: codes)
    }

    /// Keys and values of source images, one after another; nil for none.
    package func write(_ sources: [SourceLatents], checkCancellation: () throws -> Void) throws -> SourceKV? {
        guard !sources.isEmpty else { return nil }
        let rows = sources.reduce(0) { $0 + $1.shape.grid.count }
        sourceCache.makeRoom(for: SourceKVShard.bytes(rows: rows, ranks.share, transformer.configuration, device.cacheType))
        let written = SourceKV(
            try ranks.each { SourceKVShard(rows: rows, ranks.share, $0.configuration, on: $0.device) })
        for source in sources {
            let latents = source.shape.patches(source.latents)
            _ = try ranks.pass(checkCancellation: checkCancellation) { transformer, check in
                try transformer.writeSource(
                    written.shards[transformer.rank], latents: latents, codes: source.codes, height: source.height,
                    width: source.width, grid: source.shape.grid, checkCancellation: check)
            }
        }
        return written
    }

    /// Rows that a prompt's quoted strings take in the transformer.
    package func glyphTokens(_ prompt: String) -> Int {
        glyphs.batch(GlyphText.quotedStrings(in: prompt)).mask.joined().count { $0 == 1 }
    }

    /// The elements of a dense tensor of the main device, f32.
    func floats(_ tensor: Tensor) throws -> [Float] { try device.floats(tensor) }

    /// Bytes of the keys and values of one source image of a size that fits already, on each device.
    package func sourceKVBytes(height: Int, width: Int) -> Int {
        SourceKVShard.bytes(
            rows: autoencoder.latentShape(height: height, width: width).grid.count, ranks.share, transformer.configuration, device.cacheType)
    }

    /// What pictures of one size took fits no others: a device that kept it would come to hold more than the largest takes.
    private func makeRoom(for parameters: ImageParameters, _ images: [RGBImage]) throws {
        let new = [parameters.height, parameters.width] + images.flatMap { [$0.height, $0.width] }
        guard new != sizes else { return }
        _ = try ranks.each { $0.device.releaseUnusedMemory() }
        try guidance?.releaseUnusedMemory()
        sizes = new
    }

    private func keysAndValues(of sources: [SourcePicture], _ checkCancellation: () throws -> Void, _ onSources: (Bool) -> Void) throws
        -> SourceKV?
    {
        guard !sources.isEmpty else { return nil }
        if let known = sourceCache.find(sources) {
            onSources(true)
            return known
        }
        onSources(false)
        let read = try sources.map { try latents(of: source.fit($0.image), codes: $0.codes.doubled, checkCancellation: checkCancellation) }
        let written = try write(read, checkCancellation: checkCancellation)
        if let written { sourceCache.insert(written, for: sources) }
        return written
    }

    private func checkGrid(_ grid: CodeGrid, _ name: String, _ expected: GridSize) throws(RequestError) {
        if grid.size != expected {
            let multiple = RequestLimits.sizeMultiple
            throw RequestError(
                "\(name): codes of \(grid.height) × \(grid.width), a picture of \(expected.height * multiple) × "
                    + "\(expected.width * multiple) pixels has \(expected.height) × \(expected.width)")
        }
        if let code = grid.codes.first(where: { $0 < 0 || $0 >= transformer.configuration.codebookSize }) {
            throw RequestError("\(name): code \(code), the codebook has \(transformer.configuration.codebookSize)")
        }
    }
}

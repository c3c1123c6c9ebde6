public import Domain
import GLMImage
import Imaging
public import ServerKit
import Tensor
public import Wire

/// The diffusion part of a checkpoint, on a thread of its own.
public actor DefaultDiffusionService: DiffusionService {
    private let thread = ComputeThread(name: "diffusion")
    private let options: DiffusionOptions
    private let work: WorkCounter
    private var renderer: ImageRenderer?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// - Parameter work: counts edits of images whose keys and values were known.
    public init(_ options: DiffusionOptions, work: WorkCounter) {
        self.options = options
        self.work = work
    }

    public func load(_ model: ModelOptions) throws -> StageModel {
        let folder = try model.folder()
        let devices = try model.makeDevices(
            for: .diffusion, ranks: options.ranks, dividing: options.division, timeout: options.exchange.hcclTimeout)
        let tiled = options.tilesImages(on: model.device.devices[0])
        let renderer = try ImageRenderer(
            model: folder, devices: devices, dividing: options.division, sourceCacheBytes: options.sourceCacheBytes, tiled: tiled)
        if options.stepCache > 0, !renderer.cachesSteps {
            throw RequestError("--step-cache \(options.stepCache): the model's transformer has too few blocks to skip any")
        }
        try devices.main.synchronize()
        self.renderer = renderer
        return try StageModel(
            folder, for: .diffusion, model, devices, dividing: options.division, defaultSide: renderer.defaultSide,
            tileSide: tiled ? renderer.tileSide : 0)
    }

    public func render(_ request: RenderRequest, token: WorkToken, onEvent: @escaping @Sendable (RenderEvent) -> Void) async throws -> RenderedImage {
        guard let renderer else { throw StageError.loading }
        var watch = Stopwatch(since: token.arrival)
        let parameters = request.parameters
        guard parameters.stepCache <= options.stepCache else {
            throw RequestError("step_cache \(parameters.stepCache), this stage allows \(options.stepCache)")
        }
        let images = try request.sources.enumerated().map { try decodeImage($1.image, "sources[\($0)].image") }
        watch.lap("read")
        var fullSteps = 0
        var image = try DeviceLoss.guarding {
            try renderer.render(request, images: images, checkCancellation: token.checkCancellation, onSources: work.count(hit:)) { partial, step in
                var image = partial
                if request.explicitLabel { image.drawExplicitLabel() }
                let bytes = try image.encoded(as: parameters.format, quality: PartialImages.quality)
                onEvent(.partial(PartialRendering(image: bytes, format: parameters.format, height: image.height, width: image.width, step: step)))
            } onDenoised: {
                fullSteps = $0
            } onStep: { step in
                if step == parameters.steps { watch.lap("denoise") }
                try token.checkCancellation()
                onEvent(.step(RenderStep(step: step, steps: parameters.steps)))
            }
        }
        watch.lap("vae")
        if request.explicitLabel { image.drawExplicitLabel() }
        let bytes = try image.encoded(as: parameters.format, quality: parameters.jpegQuality)
        watch.lap("write")
        return RenderedImage(
            image: bytes, format: parameters.format, height: image.height, width: image.width, timings: watch.timings, fullSteps: fullSteps)
    }
}

import GLMImage
import Imaging
public import ServerKit
import Tensor
public import Wire

/// The diffusion part of a checkpoint, on a thread of its own.
public actor DefaultDiffusionService: DiffusionService {
    private let thread = ComputeThread(name: "diffusion")
    private let options: DiffusionOptions
    private let cache: CacheCounter
    private var renderer: ImageRenderer?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// - Parameter cache: counts edits of images whose keys and values were known.
    public init(_ options: DiffusionOptions, cache: CacheCounter) {
        self.options = options
        self.cache = cache
    }

    public func load(_ model: ModelOptions) throws -> StageModel {
        let folder = try model.folder()
        let devices = try model.makeDevices(most: ImageRenderer.mostDevices)
        let renderer = try ImageRenderer(
            model: folder, devices: devices, sourceCacheBytes: options.sourceCacheBytes, tiled: options.vaeTiling)
        try devices.main.synchronize()
        self.renderer = renderer
        return StageModel(folder, model, devices, defaultSide: renderer.defaultSide)
    }

    public func render(_ order: RenderOrder, token: WorkToken, onStep: @escaping @Sendable (Int) -> Void) async throws -> RenderedImage {
        guard let renderer else { throw CallError(.unavailable, "the model is being loaded") }
        var watch = Stopwatch()
        let sources = try order.sources.enumerated().map { index, source in
            GLMImage.SourcePicture(image: try decodePicture(source.picture, "sources[\(index)].image"), codes: source.codes)
        }
        watch.lap("read")
        let request = GLMImage.RenderRequest(
            prompt: order.prompt, height: order.height, width: order.width, target: order.target, sources: sources, steps: order.steps,
            guidanceScale: order.guidanceScale, seed: order.seed)
        let image = try DeviceLoss.guarding {
            try renderer.render(request, checkCancellation: token.checkCancellation, onSources: cache.count(hit:)) { step in
                if step == order.steps { watch.lap("denoise") }
                try token.checkCancellation()
                onStep(step)
            }
        }
        watch.lap("vae")
        let bytes =
            switch order.format {
            case .png: try image.png()
            case .jpeg: try image.jpeg(quality: order.jpegQuality)
            }
        watch.lap("write")
        return RenderedImage(image: bytes, format: order.format, height: image.height, width: image.width, timings: watch.timings)
    }
}

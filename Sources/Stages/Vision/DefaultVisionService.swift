import Checkpoint
public import Domain
import GLM4V
import GLMImage
import Imaging
import ModelConfiguration
public import ServerKit
import Tensor

/// The vision part of a checkpoint of either pipeline, on a thread of its own.
public actor DefaultVisionService: VisionService {
    private enum Model {
        case image(VisionEncoder)
        /// Rows are of the type in which the stage computes.
        case answer(PictureEncoder, PictureRows.Element)
    }

    private let thread = ComputeThread(name: "vision")
    private var model: Model?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    public init() {}

    public func load(_ options: ModelOptions) throws -> StageModel {
        let folder = try options.folder()
        let devices = try options.makeDevices(for: .vision)
        var loaded = try StageModel(folder, for: .vision, options, devices)
        switch folder.pipeline {
        case .image: model = .image(try VisionEncoder(model: folder, device: devices.main))
        case .answer:
            let encoder = try PictureEncoder(model: folder, device: devices.main)
            model = .answer(encoder, loaded.numerics.precision == Precision.f32.rawValue ? .f32 : .bf16)
            loaded.imageRule = encoder.sizeRule
        }
        try devices.main.synchronize()
        return loaded
    }

    public func encode(_ image: [UInt8], token: WorkToken) async throws -> (grid: CodeGrid, timings: [Timing]) {
        guard let model else { throw StageError.loading }
        guard case .image(let encoder) = model else { throw StageError.answersQuestions }
        var watch = Stopwatch(since: token.arrival)
        let image = try decodeImage(image, "image")
        watch.lap("read")
        let grid = try DeviceLoss.guarding { try encoder.encode(image, checkCancellation: token.checkCancellation) }
        watch.lap("encode")
        return (grid, watch.timings)
    }

    public func embed(_ image: [UInt8], maxPixels: Int?, token: WorkToken) async throws -> (rows: PictureRows, timings: [Timing]) {
        guard let model else { throw StageError.loading }
        guard case .answer(let encoder, let element) = model else { throw StageError.makesImages }
        var watch = Stopwatch(since: token.arrival)
        let image = try decodeImage(image, "image")
        watch.lap("read")
        let rows = try DeviceLoss.guarding {
            try encoder.encode(image, field: "image", element: element, maxPixels: maxPixels, checkCancellation: token.checkCancellation)
        }
        watch.lap("encode")
        return (rows, watch.timings)
    }
}

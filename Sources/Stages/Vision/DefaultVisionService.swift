public import Domain
import GLMImage
import Imaging
public import ServerKit
import Tensor

/// The vision part of a checkpoint, on a thread of its own.
public actor DefaultVisionService: VisionService {
    private let thread = ComputeThread(name: "vision")
    private var encoder: VisionEncoder?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    public init() {}

    public func load(_ options: ModelOptions) throws -> StageModel {
        let folder = try options.folder()
        let devices = try options.makeDevices(for: .vision)
        encoder = try VisionEncoder(model: folder, device: devices.main)
        try devices.main.synchronize()
        return try StageModel(folder, for: .vision, options, devices)
    }

    public func encode(_ image: [UInt8], token: WorkToken) async throws -> (grid: CodeGrid, timings: [Timing]) {
        guard let encoder else { throw StageError.loading }
        var watch = Stopwatch()
        let image = try decodeImage(image, "image")
        watch.lap("read")
        let grid = try DeviceLoss.guarding { try encoder.encode(image, checkCancellation: token.checkCancellation) }
        watch.lap("encode")
        return (grid, watch.timings)
    }
}

import ArgumentParser
import Checkpoint
import Devices
public import Domain
import GLM4V
import GLMImage
import ModelConfiguration
public import ServerKit
import Tensor

/// The text part of a checkpoint of either pipeline, on a thread of its own.
public actor DefaultTextService: TextService {
    private enum Model {
        case image(BatchRunner<CodeBatch>)
        case answer(BatchRunner<AnswerBatch>)
    }

    private let thread = ComputeThread(name: "text")
    private let options: TextOptions
    private let work: WorkCounter
    private var model: Model?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// - Parameter work: counts what answers found in the cache, and which were paused.
    public init(_ options: TextOptions, work: WorkCounter) {
        self.options = options
        self.work = work
    }

    public func load(_ options: ModelOptions) throws -> StageModel {
        let folder = try options.folder()
        let devices = try options.makeDevices(
            for: .text, ranks: self.options.tensorParallelSize, dividing: .tensorParallel, timeout: self.options.exchange.hcclTimeout)
        let device = devices.main
        guard self.options.batch <= device.batchRows else {
            throw ValidationError("--batch is \(self.options.batch); \(device.name) draws at most \(device.batchRows) together")
        }
        var loaded = try StageModel(folder, for: .text, options, devices, dividing: .tensorParallel)
        switch folder.pipeline {
        case .image:
            let tokens = self.options.speculativeTokens ?? DecoderSizes.speculativeTokens(onHost: options.device.devices.allSatisfy(\.isHost))
            model = .image(BatchRunner(on: thread, try codes(folder, devices, speculativeTokens: tokens), work: work))
        case .answer:
            let (batch, contextTokens) = try answers(folder, devices)
            model = .answer(BatchRunner(on: thread, batch, work: work))
            loaded.contextTokens = contextTokens
        }
        try device.synchronize()
        device.whenRecordingFails { [work] in work.note($0) }
        if devices.ranks > 1, device.hostCalls != nil {
            work.note("\(devices.name) go on without recorded steps: recordings hold no collectives")
        }
        return loaded
    }

    private func codes(_ folder: ModelFolder, _ devices: DeviceGroup, speculativeTokens: Int) throws -> sending CodeBatch {
        let generator = try TextGenerator(model: folder, devices: devices)
        return CodeBatch(
            generator, size: options.batch, cacheBytes: options.cacheBytes(usual: generator.cacheBytes(batch: options.batch)),
            speculativeTokens: speculativeTokens)
    }

    private func answers(_ folder: ModelFolder, _ devices: DeviceGroup) throws -> sending (batch: AnswerBatch, contextTokens: Int) {
        let generator = try AnswerGenerator(model: folder, devices: devices)
        let batch = AnswerBatch(generator, size: options.batch, cacheBytes: options.cacheBytes(usual: generator.cacheBytes(batch: options.batch)))
        return (batch, generator.contextTokens)
    }

    public func generate(
        _ request: TokenRequest, token: WorkToken, onEvent: @escaping @Sendable (TextEvent) -> Void
    ) async throws -> GeneratedTokens {
        guard let model else { throw StageError.loading }
        guard case .image(let runner) = model else { throw StageError.answersQuestions }
        var (result, timings) = try await runner.run(request, token: token, onNews: onEvent)
        result.timings = timings
        return result
    }

    public func answer(
        _ request: AnswerRequest, token: WorkToken, onEvent: @escaping @Sendable (AnswerEvent) -> Void
    ) async throws -> AnswerResult {
        guard let model else { throw StageError.loading }
        guard case .answer(let runner) = model else { throw StageError.makesImages }
        var (result, timings) = try await runner.run(request, token: token, onNews: onEvent)
        result.timings = timings
        work.count(cachedTokens: result.usage.cachedTokens)
        return result
    }
}

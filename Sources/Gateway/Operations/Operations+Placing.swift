import Checkpoint
import Domain
import Foundation
import ModelConfiguration
public import Placement
import Processes
import Wire

/// Where one more stage goes.
extension Operations {
    /// Where the plan's devices have room for it now.
    public static func room(in plan: Plan) -> Placing {
        { wanted in
            try await refusing {
                let cards = try Discovery().inventory().cards
                let free = Dictionary(cards.compactMap { card in card.free.map { (card.device, $0) } }, uniquingKeysWith: { first, _ in first })
                let folder = wanted.folder.map { URL(fileURLWithPath: $0) }
                let room = try plan.room(
                    for: wanted.kind, model: wanted.model.isEmpty ? nil : wanted.model, folder: folder, instance: wanted.instance,
                    beside: wanted.others, free: free)
                switch room {
                case .stage(let stage): return try stage.identified()
                case .shortages(let shortages):
                    throw CallError(
                        .failedPrecondition, "no room for \(wanted.kind)-\(wanted.instance): \(shortages.map(\.description).joined(separator: "; "))")
                }
            }
        }
    }

    /// Without a plan of devices: on the host, started as the others are.
    public static let besideOthers: Placing = { wanted in
        // Of a fleet whose stages don't say what they serve, any is as good.
        let others = wanted.others.filter { wanted.model.isEmpty || $0.model == wanted.model }
        guard var spec = others.first(where: { $0.kind == wanted.kind }) ?? others.first else {
            let model = wanted.others.isEmpty ? "" : " of model \(wanted.model)"
            throw CallError(
                .failedPrecondition, "this gateway started no stages\(model); start \(wanted.kind.descriptor.program) with its run directory")
        }
        let pipeline = spec.pipeline
        spec.kind = wanted.kind
        spec.instance = wanted.instance
        spec.folder = wanted.folder ?? spec.folder
        return try await refusing { [spec] in
            let identified = try spec.identified()
            guard identified.pipeline == pipeline else {
                throw PlacementError(
                    .invalidModel, "\(spec.folder) \(identified.pipeline.purpose); the model \(spec.model) \(pipeline.purpose)")
            }
            return identified
        }
    }

    /// Away from Swift's own threads: to identify a checkpoint that nobody has read yet takes reading it.
    private static func refusing(_ body: @escaping @Sendable () throws -> StageSpec) async throws -> StageSpec {
        let found = Promise<Result<StageSpec, any Error>>()
        BlockingThread.start { found.fulfil(Result { try body() }) }
        do {
            guard let result = await found.value else { throw CancellationError() }
            return try result.get()
        } catch let error as PlacementError {
            throw CallError(.failedPrecondition, error.message)
        } catch let error as CheckpointError {
            throw CallError(.failedPrecondition, error.message)
        }
    }
}

import Checkpoint
import ModelConfiguration
import Tensor

/// The transformer on the devices that divide each pass of one side of guidance among them: on each rank a copy of the weights, driven by a
/// thread of its own.
final class TransformerRanks {
    private let ranks: [DiffusionTransformer]
    /// Of rank 1 and on. Rank 0 computes on the caller's.
    private let threads: [DeviceThread]

    /// - Throws: `GLMImageError` for a transformer whose heads can't be divided among so many devices.
    init(_ model: ModelFolder, _ group: [DeviceGroup.Rank]) throws {
        let configuration = try TransformerConfiguration.load(model)
        guard configuration.heads % group.count == 0 else {
            throw GLMImageError(
                .unsupportedModel,
                "transformer num_attention_heads \(configuration.heads) can't be divided among \(group.count) devices (ulysses degree \(group.count))"
            )
        }
        let threads = group.indices.dropFirst().map { DeviceThread(name: "rank \($0)") }
        self.threads = threads
        ranks = try Self.each(group.count, threads) { number in
            let transformer = try DiffusionTransformer(model, on: group[number].device, group[number].communicator)
            // So that a device without enough memory reports it now.
            if number > 0 { try group[number].device.synchronize() }
            return transformer
        }
    }

    var count: Int { ranks.count }
    var main: DiffusionTransformer { ranks[0] }

    /// Does the same on every rank at once, without collectives.
    /// - Returns: what each made, in the order of the ranks.
    func each<Part>(_ body: (DiffusionTransformer) throws -> Part) throws -> [Part] { try Self.each(count, threads) { try body(ranks[$0]) } }

    /// A tensor of rank 0's device on every rank, f32.
    func replicate(_ x: Tensor) throws -> [Tensor] {
        guard count > 1 else { return [x] }
        let values = try main.device.floats(x)
        return try each { $0.rank == 0 ? x : $0.device.makeTensor(values, x.shape) }
    }

    /// Runs a pass on every rank at once.
    /// - Parameters:
    ///   - checkCancellation: called on the caller's thread; what it throws ends the pass on every rank at the same point.
    ///   - body: computes the rank's rows. Calls what it is given at each point where it may end, on every rank at the same points.
    /// - Throws: the first failure of any rank, which names its device and leaves the group of no use.
    func pass<Part>(
        checkCancellation: () throws -> Void, _ body: (DiffusionTransformer, @escaping () throws -> Void) throws -> Part
    ) throws -> [Part] {
        try withoutActuallyEscaping(checkCancellation) { checkCancellation in
            guard count > 1 else { return [try body(main, checkCancellation)] }
            let cancellation = SharedCancellation()
            do {
                return try Self.each(count, threads) { try pass(on: $0, cancellation, checkCancellation, body) }
            } catch {
                // What another rank failed at is the reason why this one did.
                try main.communicator?.check()
                throw error
            }
        }
    }

    private func pass<Part>(
        on rank: Int, _ cancellation: SharedCancellation, _ checkCancellation: @escaping () throws -> Void,
        _ body: (DiffusionTransformer, @escaping () throws -> Void) throws -> Part
    ) throws -> Part {
        let transformer = ranks[rank]
        defer { if rank == 0 { cancellation.end() } }
        var point = 0
        do {
            return try body(transformer) {
                if rank == 0 { try cancellation.lead(checkCancellation) } else { try cancellation.follow(point) }
                point += 1
                try transformer.communicator?.check()
            }
        } catch {
            if !cancellation.isCancelled { transformer.communicator?.abort(error) }
            throw error
        }
    }

    /// Rank 0 on the caller's thread, the others on theirs.
    private static func each<Part>(_ count: Int, _ threads: [DeviceThread], _ body: (Int) throws -> Part) throws -> [Part] {
        /// Rank 0 and those from `next` on.
        func run(_ next: Int) throws -> [Part] {
            guard next < count else { return [try body(0)] }
            let (there, here) = try threads[next - 1].both({ try body(next) }, { try run(next + 1) })
            return [here[0], there] + here[1...]
        }
        return try run(1)
    }
}

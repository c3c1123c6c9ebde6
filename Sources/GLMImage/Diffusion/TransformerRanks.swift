import Checkpoint
import Domain
import ModelConfiguration
import Tensor

/// The transformer on the devices that divide each pass of one side of guidance among them: on each rank a copy of the weights, or its share of them,
/// driven by a thread of its own.
final class TransformerRanks {
    /// What each has of a pass.
    let share: TransformerShare
    private let ranks: [DiffusionTransformer]
    private let threads: RankThreads

    /// - Throws: `GLMImageError` for a transformer whose heads can't be divided among so many devices.
    init(_ model: ModelFolder, _ group: [DeviceGroup.Rank], dividing division: PassDivision) throws {
        let configuration = try TransformerConfiguration.load(model)
        guard configuration.heads % group.count == 0 else {
            throw GLMImageError(
                .unsupportedModel,
                "transformer num_attention_heads \(configuration.heads) can't be divided among \(group.count) devices (\(division.words) \(group.count))"
            )
        }
        let share = TransformerShare(division, ranks: group.count)
        self.share = share
        threads = RankThreads(group)
        ranks = try threads.each { (number) throws(any Error) in
            let transformer = try DiffusionTransformer(model, on: group[number].device, share, group[number].communicator)
            // So that a device without enough memory reports it now.
            if number > 0 { try group[number].device.synchronize() }
            return transformer
        }
    }

    var count: Int { ranks.count }
    var main: DiffusionTransformer { ranks[0] }

    /// Does the same on every rank at once, without collectives.
    /// - Returns: what each made, in the order of the ranks.
    func each<Part>(_ body: (DiffusionTransformer) throws -> Part) throws -> [Part] {
        try threads.each { (rank) throws(any Error) in try body(ranks[rank]) }
    }

    /// A tensor of rank 0's device on every rank, f32.
    func replicate(_ x: Tensor) throws -> [Tensor] {
        guard count > 1 else { return [x] }
        let values = try main.device.floats(x)
        return try each { $0.rank == 0 ? x : $0.device.makeTensor(values, x.shape) }
    }

    /// Runs a pass on every rank at once: see `RankThreads`.
    /// - Parameter body: computes the rank's share.
    func pass<Part>(
        checkCancellation: () throws -> Void, _ body: (DiffusionTransformer, @escaping () throws -> Void) throws -> Part
    ) throws -> [Part] {
        try threads.pass(checkCancellation: checkCancellation) { try body(ranks[$0], $1) }
    }
}

import ModelConfiguration
import Tensor

/// Exchanges rows for heads before attention and back behind it: each rank has some rows of all heads, and attends with some heads over all
/// rows. Attention by heads is independent, so no sum is divided.
///
/// Source: DeepSpeed Ulysses, arXiv 2309.14509.
struct HeadExchange {
    private let communicator: any Communicator
    private let device: any Device
    /// Of one rank's heads.
    private let columns: Int
    /// What is sent and what comes, `[ranks · rowsPerRank, hidden / ranks]`; on the way back each is the other.
    private let outgoing, incoming: Tensor
    /// The rank's own rows, `[rowsPerRank, hidden]`.
    let keys, values: Tensor

    /// - Parameters:
    ///   - rowsPerRank: the most of any pass.
    ///   - type: of the activations.
    init(_ communicator: any Communicator, rowsPerRank: Int, _ type: DType, _ configuration: TransformerConfiguration, on device: any Device) {
        self.communicator = communicator
        self.device = device
        columns = configuration.hiddenSize / communicator.size
        let all = Shape(communicator.size * rowsPerRank, columns)
        outgoing = device.makeTensor(all, type)
        incoming = device.makeTensor(all, type)
        keys = device.makeTensor(Shape(rowsPerRank, configuration.hiddenSize), type)
        values = device.makeTensor(keys.shape, type)
    }

    /// The rank's heads of all rows: `x [own rows, hidden]` into `y [ranks · rowsPerRank, hidden / ranks]`.
    func gatherRows(_ x: Tensor, into y: Tensor) {
        let sent = outgoing.prefix(y.shape)
        for rank in 0..<communicator.size { device.copy(heads(of: rank, x), to: rows(of: rank, sent, x.rows)) }
        communicator.allToAll(sent, into: y)
    }

    /// The rank's rows of all heads: `x [ranks · rowsPerRank, hidden / ranks]` into `y [own rows, hidden]`.
    func gatherHeads(_ x: Tensor, into y: Tensor) {
        let received = incoming.prefix(x.shape)
        communicator.allToAll(x, into: received)
        for rank in 0..<communicator.size { device.copy(rows(of: rank, received, y.rows), to: heads(of: rank, y)) }
    }

    /// Attends with the rank's heads.
    /// - Parameters:
    ///   - attention: of all heads.
    ///   - query: the rank's own rows, `[own rows, hidden]`.
    ///   - keys: the rank's heads of all keys, `[sources + ranks · rowsPerRank, hidden / ranks]`; values alike.
    ///   - span: of the pass's rows.
    ///   - output: like `query`.
    func attend(_ attention: Attention, query: Tensor, keys: Tensor, values: Tensor, _ span: SequenceSpan, into output: Tensor) {
        var own = attention
        own.heads /= communicator.size
        own.keyValueHeads /= communicator.size
        let all = Shape(span.ranks * span.rowsPerRank, columns), rows = 0..<span.text + span.image
        let queries = incoming.prefix(all), result = outgoing.prefix(all)
        gatherRows(query, into: queries)
        let missing = all[0] - rows.count
        device.attention(
            own, query: queries.rows(rows), key: keys.rows(0..<keys.rows - missing), value: values.rows(0..<values.rows - missing),
            into: result.rows(rows))
        gatherHeads(result, into: output)
    }

    private func heads(of rank: Int, _ x: Tensor) -> Tensor { x.columns(rank * columns..<(rank + 1) * columns) }

    /// The first `count` rows of a rank's block.
    private func rows(of rank: Int, _ x: Tensor, _ count: Int) -> Tensor {
        let first = rank * (x.rows / communicator.size)
        return x.rows(first..<first + count)
    }
}

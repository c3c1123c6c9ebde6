import Layers
import Tensor

/// The decoder's activations for up to a number of rows, of the decoder's `activationType`.
struct DecoderWorkspace {
    let x, normed: Tensor  // [rows, hidden]
    let sum: Tensor  // [rows, hidden], f32: of all ranks; `normed` itself where that is f32, or there is one rank
    let query, attended: Tensor  // [rows, heads · headSize]
    let key, value: Tensor  // [rows, keyValueHeads · headSize]
    let gateUp: Tensor  // [rows, 2 · inner]; room that not every device uses
    let inner: Tensor  // [rows, inner]
    let rotary: RotaryTable  // [rows, pairs]

    init(rows: Int, _ decoder: DecoderPart) {
        let (configuration, device) = (decoder.configuration, decoder.device)
        func make(_ columns: Int) -> Tensor { device.makeTensor(Shape(rows, columns), decoder.activationType) }
        x = make(configuration.hiddenSize)
        normed = make(configuration.hiddenSize)
        let isSummed = decoder.communicator != nil && normed.dtype != .f32
        sum = isSummed ? device.makeTensor(normed.shape, .f32) : normed
        query = make(configuration.querySize)
        attended = make(configuration.querySize)
        key = make(configuration.keyValueSize)
        value = make(configuration.keyValueSize)
        gateUp = make(2 * configuration.intermediateSize)
        inner = make(configuration.intermediateSize)
        rotary = RotaryTable(rows: rows, pairs: configuration.rotary.pairs, on: device)
    }

    private init(_ larger: DecoderWorkspace, rows: Int) {
        func first(_ tensor: Tensor) -> Tensor { tensor.prefix(Shape(rows, tensor.columns)) }
        x = first(larger.x)
        normed = first(larger.normed)
        sum = first(larger.sum)
        query = first(larger.query)
        attended = first(larger.attended)
        key = first(larger.key)
        value = first(larger.value)
        gateUp = first(larger.gateUp)
        inner = first(larger.inner)
        rotary = larger.rotary.prefix(rows: rows)
    }

    /// The same memory for fewer rows.
    func prefix(rows: Int) -> DecoderWorkspace { rows == x.rows ? self : DecoderWorkspace(self, rows: rows) }
}

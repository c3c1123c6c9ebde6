import Tensor

extension AscendDevice {
    public var readsWholePages: Bool { reducedType != nil && fused.pagedAttention }

    /// What attention adds to the scores of keys so that each sequence attends to its own only: 0 for the first `lengths`, −10⁴ or less for
    /// those behind, `[sequences, heads, 1, keys]` in `type`. Finite, because public reports tell of NaN behind an infinite shift, and of
    /// each head's own, because others tell of wrong results where heads share it.
    ///
    /// Made on the device, since lengths grow from step to step; the layers of a step share it.
    func shift(_ lengths: Tensor, keys: Int, heads: Int, _ type: DType) -> Operand {
        let sequences = lengths.shape.count
        let source = Operand(dense: lengths, [sequences])
        let form = DerivedOperands.Shift(keys: keys, heads: heads)
        if let found = stream.derived.shift(form, of: source) { return found }
        let places = table(.places(keys), Shape(keys), .f32) { (0..<keys).map { -Float($0 + 1) }.withUnsafeBytes(Array.init) }
        let (ends, ahead) = (scratch([sequences, 1], .f32), scratch([sequences, keys], .f32))
        let (distances, result) = (scratch([sequences, keys], .f32), scratch([sequences, heads, 1, keys], type))
        // Keys up to the last are 0 or more ahead of the end: x − |x| is 0 there, and −2 or less behind.
        stream.copy(source.reshaped([sequences, 1]), to: ends)
        stream.add(ends, Operand(dense: places, [1, keys]), into: ahead)
        stream.absolute(ahead, into: distances)
        stream.add(distances, times: -1, to: ahead)
        stream.multiply(ahead, 5000, into: distances)
        stream.copy(distances.reshaped([sequences, 1, 1, keys]), to: result)
        stream.derived.keep(result, form, of: source)
        return result
    }
}

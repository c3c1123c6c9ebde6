import Tensor

/// Copies of an operand in another form, reused while the operand is unchanged: the rounded input that several products share, and
/// angles written out for each element and the shift of attention, which the layers of a pass share.
///
/// Everything that writes device memory calls ``forget(_:)``, so that no stale copy is used.
struct DerivedOperands {
    enum Kind: Hashable {
        /// In the type of a weight, padded to this many rows.
        case rounded(DType, rows: Int)
        /// The angle of each element that is rotated.
        case angles(RotaryStyle)
        /// What attention over pages adds to the scores of so many keys, from the lengths of sequences.
        case shift(keys: Int, heads: Int)
    }

    private struct Derived {
        let kind: Kind
        let source: Operand.View
        let operand: Operand
    }

    /// The last input of a product alone, because they are large.
    private var rounded: Derived?
    /// Of the sequences of one step.
    private var shift: Derived?
    private var angles: [Derived] = []
    private static let mostAngles = 4

    func operand(_ kind: Kind, of source: Operand) -> Operand? {
        ([rounded, shift].compactMap { $0 } + angles).first { $0.kind == kind && $0.source == source.view }?.operand
    }

    mutating func keep(_ operand: Operand, _ kind: Kind, of source: Operand) {
        let derived = Derived(kind: kind, source: source.view, operand: operand)
        switch kind {
        case .rounded: rounded = derived
        case .shift: shift = derived
        case .angles:
            if angles.count >= DerivedOperands.mostAngles { angles.removeFirst() }
            angles.append(derived)
        }
    }

    /// Something is written to the memory that begins at `address`.
    mutating func forget(_ address: UnsafeMutableRawPointer) {
        if rounded?.source.address == address { rounded = nil }
        if shift?.source.address == address { shift = nil }
        angles.removeAll { $0.source.address == address }
    }

    mutating func removeAll() { (rounded, shift, angles) = (nil, nil, []) }
}

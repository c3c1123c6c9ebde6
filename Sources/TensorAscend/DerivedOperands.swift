import Tensor

/// Copies of an operand in another form, reused while the operand is unchanged: the rounded input that several products share, and
/// angles written out for each element, which the layers of a pass share.
///
/// Everything that writes device memory calls ``forget(_:)``, so that no stale copy is used.
struct DerivedOperands {
    enum Kind: Hashable {
        /// In the type of a weight, padded to this many rows.
        case rounded(DType, rows: Int)
        /// Each row in int8, and f32 `[rows]` that gives it back.
        case int8, rowScales
        /// The angle of each element that is rotated.
        case angles(RotaryStyle)
    }

    private struct Derived {
        let kind: Kind
        let source: Operand.View
        let operand: Operand
    }

    /// Of the last input of a product alone, because they are large.
    private var inputs: [Derived] = []
    private var angles: [Derived] = []
    private static let mostAngles = 4

    func operand(_ kind: Kind, of source: Operand) -> Operand? {
        (inputs + angles).first { $0.kind == kind && $0.source == source.view }?.operand
    }

    mutating func keep(_ operand: Operand, _ kind: Kind, of source: Operand) {
        let derived = Derived(kind: kind, source: source.view, operand: operand)
        if case .angles = kind {
            if angles.count >= DerivedOperands.mostAngles { angles.removeFirst() }
            angles.append(derived)
        } else {
            inputs.removeAll { $0.source != source.view }
            inputs.append(derived)
        }
    }

    /// Something is written to the memory that begins at `address`.
    mutating func forget(_ address: UnsafeMutableRawPointer) {
        inputs.removeAll { $0.source.address == address }
        angles.removeAll { $0.source.address == address }
    }

    mutating func removeAll() { (inputs, angles) = ([], []) }
}

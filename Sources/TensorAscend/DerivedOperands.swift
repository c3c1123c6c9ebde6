import Tensor

/// Copies of an operand in another form, reused while the operand is unchanged: the rounded input that several products share, and
/// angles written out for both halves, which the layers of a pass share.
///
/// Everything that writes device memory calls ``forget(_:)``, so that no stale copy is used.
struct DerivedOperands {
    enum Kind: Hashable {
        /// In the type of a weight, padded to this many rows.
        case rounded(DType, rows: Int)
        case bothHalves
    }

    private struct Derived {
        let kind: Kind
        let source: Operand.View
        let operand: Operand
    }

    /// The last input of a product alone, because they are large.
    private var rounded: Derived?
    private var halves: [Derived] = []
    private static let mostHalves = 4

    func operand(_ kind: Kind, of source: Operand) -> Operand? {
        ([rounded].compactMap { $0 } + halves).first { $0.kind == kind && $0.source == source.view }?.operand
    }

    mutating func keep(_ operand: Operand, _ kind: Kind, of source: Operand) {
        let derived = Derived(kind: kind, source: source.view, operand: operand)
        if kind == .bothHalves {
            if halves.count >= DerivedOperands.mostHalves { halves.removeFirst() }
            halves.append(derived)
        } else {
            rounded = derived
        }
    }

    /// Something is written to the memory that begins at `address`.
    mutating func forget(_ address: UnsafeMutableRawPointer) {
        if rounded?.source.address == address { rounded = nil }
        halves.removeAll { $0.source.address == address }
    }

    mutating func removeAll() { (rounded, halves) = (nil, []) }
}

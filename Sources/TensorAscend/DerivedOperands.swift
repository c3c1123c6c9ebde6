import Tensor

/// Copies of an operand in another form, reused while the operand is unchanged: the rounded input that several products share, angles
/// written out for each element, which the layers of a pass share, and vectors in another type.
///
/// Everything that writes device memory calls ``forget(_:)``, so that no stale copy is used.
struct DerivedOperands {
    /// A matrix in the type of a weight, padded to this many rows.
    struct Rounded: Hashable {
        let type: DType
        let rows: Int
    }

    /// The angle of each element that the fused rotation reads.
    struct Angles: Hashable {
        let style: RotaryStyle
        let headSize: Int
        /// Each of them has angles of its own; nil: they share one head's.
        let heads: Int?
        /// The last of them turn, the others have angles of 0.
        let rows: Int
        let type: DType
        /// The cosine or the sine of 0.
        let rest: Float
    }

    /// Of all of a tensor's memory, which holds vectors.
    enum Vector: Hashable {
        case converted(DType)
        /// f32
        case plusOne
    }

    /// The last input of a product alone, because they are large.
    private var rounded: (form: Rounded, source: Operand.View, operand: Operand)?
    private var angles: [(form: Angles, source: Operand.View, operand: Operand)] = []
    /// By the address of the memory.
    private var vectors: [UnsafeMutableRawPointer: [Vector: Operand]] = [:]
    /// Sines and cosines of two: queries and keys of a decoder, or both branches of guidance.
    private static let mostAngles = 4

    func rounded(_ form: Rounded, of source: Operand) -> Operand? {
        guard let rounded, rounded.form == form, rounded.source == source.view else { return nil }
        return rounded.operand
    }

    mutating func keep(_ operand: Operand, _ form: Rounded, of source: Operand) { rounded = (form, source.view, operand) }

    func angles(_ form: Angles, of source: Operand) -> Operand? {
        angles.first { $0.form == form && $0.source == source.view }?.operand
    }

    mutating func keep(_ operand: Operand, _ form: Angles, of source: Operand) {
        if angles.count >= DerivedOperands.mostAngles { angles.removeFirst() }
        angles.append((form, source.view, operand))
    }

    func vector(_ form: Vector, of source: Operand) -> Operand? { vectors[source.view.address]?[form] }

    mutating func keep(_ operand: Operand, _ form: Vector, of source: Operand) { vectors[source.view.address, default: [:]][form] = operand }

    /// Something is written to the memory that begins at `address`.
    mutating func forget(_ address: UnsafeMutableRawPointer) {
        if rounded?.source.address == address { rounded = nil }
        angles.removeAll { $0.source.address == address }
        vectors[address] = nil
    }

    mutating func removeAll() { (rounded, angles, vectors) = (nil, [], [:]) }
}

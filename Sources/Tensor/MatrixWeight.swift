/// A weight matrix `[out, in]` as products read it: its elements and all that is needed to make sense of them.
public struct MatrixWeight: Sendable {
    /// How the elements are arranged in memory.
    public enum Layout: Sendable, Hashable {
        /// Row after row, `[out, in]`.
        case rowMajor
    }

    /// What a device's kernels distinguish.
    public struct Form: Sendable, Hashable, CustomStringConvertible {
        public let elementType: DType
        public let isScaled: Bool
        public let layout: Layout

        /// As in messages: `bf16`, `u8 with scales`.
        public var description: String { isScaled ? "\(elementType) with scales" : "\(elementType)" }
    }

    /// Dense `[out, in]`, on the device.
    public let elements: Tensor
    /// What the elements of each row are multiplied by, `[out]`, f32, for a quantised weight; nil: by nothing.
    public let scales: Tensor?
    public let layout: Layout

    public init(_ elements: Tensor, scales: Tensor? = nil, layout: Layout = .rowMajor) {
        precondition(elements.shape.rank == 2 && elements.isDense, "a weight \(elements.shape) that is no dense matrix")
        if let scales {
            precondition(
                scales.dtype == .f32 && scales.isDense && scales.shape.count == elements.shape[0],
                "scales \(scales.dtype) \(scales.shape) of a weight \(elements.shape)")
        }
        self.elements = elements
        self.scales = scales
        self.layout = layout
    }

    public var outputs: Int { elements.shape[0] }
    public var inputs: Int { elements.shape[1] }
    public var form: Form { Form(elementType: elements.dtype, isScaled: scales != nil, layout: layout) }
    /// Some of the outputs.
    package func rows(_ range: Range<Int>) -> MatrixWeight {
        MatrixWeight(elements.rows(range), scales: scales?.elements(range), layout: layout)
    }

    /// Of the elements and the scales.
    public var byteCount: Int { elements.byteCount + (scales?.byteCount ?? 0) }

    /// Traps unless `x [rows, in]` times this weight fits into `y [rows, out]`.
    package func checkProduct(_ x: Tensor, into y: Tensor) {
        precondition(x.columns == inputs && y.columns == outputs && y.rows == x.rows, "\(x.shape) · \(elements.shape)ᵀ into \(y.shape)")
    }
}

extension Device {
    /// Refuses a weight that ``linear(_:_:bias:_:into:)`` does not read.
    /// - Parameter name: the weight's name in its checkpoint.
    /// - Throws: `DeviceError`, `unavailable`, naming the weight and its form.
    public func check(_ weight: MatrixWeight, named name: String) throws(DeviceError) {
        guard multiplies(weight.form) else {
            throw DeviceError(.unavailable, "\(self.name) multiplies no weights of the form \(weight.form): \(name) \(weight.elements.shape)")
        }
    }
}

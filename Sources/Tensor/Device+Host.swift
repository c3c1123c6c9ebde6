extension Device {
    /// A dense tensor holding `values`, rounded to its type: f32 or bf16.
    public func makeTensor(_ values: [Float], _ shape: Shape, _ type: DType = .f32) -> Tensor {
        precondition(values.count == shape.count, "\(values.count) values for \(shape)")
        let tensor = makeTensor(shape, type)
        write(values, to: tensor)
        return tensor
    }

    /// The same of the device's ``Device/activationType``.
    public func makeActivations(_ values: [Float], _ shape: Shape) -> Tensor { makeTensor(values, shape, activationType) }

    /// Copies `values` into a dense f32 or bf16 tensor of as many elements, rounded to its type.
    public func write(_ values: [Float], to tensor: Tensor) {
        precondition(
            (tensor.dtype == .f32 || tensor.dtype == .bf16) && values.count == tensor.shape.count,
            "\(values.count) f32 values into \(tensor.dtype) \(tensor.shape)")
        if tensor.dtype == .f32 {
            values.withUnsafeBytes { write($0, to: tensor) }
        } else {
            values.map(\.bf16).withUnsafeBytes { write($0, to: tensor) }
        }
    }

    /// Waits for the queue and returns the elements of a dense f32 or bf16 tensor.
    public func floats(_ tensor: Tensor) throws -> [Float] {
        precondition(tensor.dtype == .f32 || tensor.dtype == .bf16, "\(tensor.dtype) read as f32")
        if tensor.dtype == .bf16 {
            var values = [UInt16](repeating: 0, count: tensor.shape.count)
            try values.withUnsafeMutableBytes { try read(tensor, into: $0) }
            return values.map { Float(bf16: $0) }
        }
        var values = [Float](repeating: 0, count: tensor.shape.count)
        try values.withUnsafeMutableBytes { try read(tensor, into: $0) }
        return values
    }

    /// Waits for the queue and returns a dense i32 tensor's elements.
    public func integers(_ tensor: Tensor) throws -> [Int32] {
        precondition(tensor.dtype == .i32, "\(tensor.dtype) read as i32")
        var values = [Int32](repeating: 0, count: tensor.shape.count)
        try values.withUnsafeMutableBytes { try read(tensor, into: $0) }
        return values
    }
}

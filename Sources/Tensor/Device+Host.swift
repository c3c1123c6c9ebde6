extension Device {
    /// A dense f32 tensor holding `values`.
    public func makeTensor(_ values: [Float], _ shape: Shape) -> Tensor {
        precondition(values.count == shape.count, "\(values.count) values for \(shape)")
        let tensor = makeTensor(shape, .f32)
        write(values, to: tensor)
        return tensor
    }

    /// Copies `values` into a dense f32 tensor of as many elements.
    public func write(_ values: [Float], to tensor: Tensor) {
        precondition(tensor.dtype == .f32 && values.count == tensor.shape.count, "\(values.count) f32 values into \(tensor.dtype) \(tensor.shape)")
        values.withUnsafeBytes { write($0, to: tensor) }
    }

    /// Waits for the queue and returns a dense f32 tensor's elements.
    public func floats(_ tensor: Tensor) throws -> [Float] {
        precondition(tensor.dtype == .f32, "\(tensor.dtype) read as f32")
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

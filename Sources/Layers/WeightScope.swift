package import Checkpoint
package import Tensor

/// The weights of a component below one name, placed on a device as they are taken.
package struct WeightScope {
    package let map: WeightMap
    package let device: any Device
    /// What the names of this scope's tensors begin with: empty, or names that end with a full stop each.
    package let prefix: String

    package init(map: WeightMap, device: any Device, prefix: String = "") {
        self.map = map
        self.device = device
        self.prefix = prefix
    }

    package func scope(_ name: String) -> WeightScope { WeightScope(map: map, device: device, prefix: "\(prefix)\(name).") }

    /// A table that rows are looked up in, `[rows, columns]`, in the stored type.
    package func table(_ name: String, _ rows: Int, _ columns: Int) throws -> Tensor {
        device.place(try map.take(prefix + name, Shape(rows, columns)))
    }

    /// The weight of a product, `[outputs, inputs]`, in the stored form.
    /// - Parameter part: what of it is placed, in the host's memory; the default: all.
    /// - Throws: `DeviceError` if the device multiplies no weights of that form.
    package func matrix(
        _ name: String, _ outputs: Int, _ inputs: Int, part: (StoredMatrix) -> StoredMatrix = { $0 }
    ) throws -> MatrixWeight {
        let stored = part(try map.takeMatrix(prefix + name, outputs, inputs))
        let outputs = stored.elements.shape[0]
        let scales = stored.scales.map { device.makeTensor($0, Shape(outputs)) }
        // A device takes no copy of what it would not read.
        try device.check(MatrixWeight(stored.elements, scales: scales), named: prefix + name)
        return MatrixWeight(device.place(stored.elements), scales: scales)
    }

    /// `[count]` as f32: vectors are small, and every kernel then reads one type.
    /// - Parameter part: of the elements; nil: all.
    package func vector(_ name: String, _ count: Int, part: Range<Int>? = nil) throws -> Tensor {
        let stored = try map.take(prefix + name, Shape(count))
        return device.placeVector(stored.elements(part ?? 0..<count).hostFloats())
    }

    package func linear(_ name: String, from inputs: Int, to outputs: Int, bias: Bool = true) throws -> Linear {
        let scope = scope(name)
        return Linear(
            device: device, weight: try scope.matrix("weight", outputs, inputs),
            bias: bias ? try scope.vector("bias", outputs) : nil)
    }

    /// A gated product, without bias, of two matrices of the checkpoint.
    package func gatedLinear(_ gate: String, _ up: String, from inputs: Int, to outputs: Int, _ activation: Activation) throws -> GatedLinear {
        let weight = GatedWeight.apart(
            gate: try scope(gate).matrix("weight", outputs, inputs), up: try scope(up).matrix("weight", outputs, inputs))
        return GatedLinear(device: device, weight: weight, activation)
    }

    package func convolution(_ name: String, from inputs: Int, to outputs: Int, kernel: Int) throws -> ConvolutionWeight {
        let scope = scope(name)
        return device.placeConvolution(
            weight: try map.take(scope.prefix + "weight", Shape([outputs, inputs, kernel, kernel])),
            bias: try scope.vector("bias", outputs))
    }
}

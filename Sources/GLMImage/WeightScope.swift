import Checkpoint
import Tensor

/// A component's weights below one name, placed on a device as they are taken.
struct WeightScope {
    let map: WeightMap
    let device: any Device
    var prefix = ""

    func scope(_ name: String) -> WeightScope {
        WeightScope(map: map, device: device, prefix: "\(prefix)\(name).")
    }

    /// `[rows, columns]`, in the stored type.
    func matrix(_ name: String, _ rows: Int, _ columns: Int) throws -> Tensor {
        device.place(try map.take(prefix + name, Shape(rows, columns)))
    }

    /// `[count]` as f32: vectors are small, and every kernel then reads one type.
    func vector(_ name: String, _ count: Int) throws -> Tensor {
        device.makeTensor(try map.take(prefix + name, Shape(count)).hostFloats(), Shape(count))
    }

    func linear(_ name: String, from inputs: Int, to outputs: Int, bias: Bool = true) throws -> Linear {
        let scope = scope(name)
        return Linear(
            device: device, weight: try scope.matrix("weight", outputs, inputs),
            bias: bias ? try scope.vector("bias", outputs) : nil)
    }

    func convolution(_ name: String, from inputs: Int, to outputs: Int, kernel: Int) throws -> ConvolutionWeight {
        let scope = scope(name)
        return device.placeConvolution(
            weight: try map.take(scope.prefix + "weight", Shape([outputs, inputs, kernel, kernel])),
            bias: try scope.vector("bias", outputs))
    }
}

/// `y = x · weightᵀ + bias`, weight `[out, in]`.
struct Linear {
    let device: any Device
    let weight: Tensor
    let bias: Tensor?

    func callAsFunction(_ x: Tensor, _ epilogue: Epilogue = .store(.identity), into y: Tensor) {
        device.linear(x, weight, bias: bias, epilogue, into: y)
    }
}

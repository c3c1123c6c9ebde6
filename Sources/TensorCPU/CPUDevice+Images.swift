import CKernels
public import Tensor

// Operations on images `[height, width, channels]`.

extension CPUDevice {
    public func placeConvolution(weight: Tensor, bias: Tensor?) -> ConvolutionWeight {
        precondition(weight.shape.rank == 4 && weight.shape[2] == weight.shape[3] && weight.isDense, "a convolution's weight \(weight.shape)")
        _ = bias.vector(weight.shape[0], "bias")
        // Whether and how it is laid out depends on how the image is read, which the first call says.
        return ConvolutionWeight(outChannels: weight.shape[0], inChannels: weight.shape[1], kernel: weight.shape[2], weight: weight, bias: bias)
    }

    public func convolution(
        _ x: Tensor, _ weight: ConvolutionWeight, stride: Int, padding: Padding, upsampling: Int, _ epilogue: Epilogue, into y: Tensor
    ) {
        precondition(
            x.shape.rank == 3 && y.shape.rank == 3 && x.isDense && y.isDense && stride > 0 && upsampling > 0,
            "a convolution of \(x.shape) into \(y.shape)")
        let height = (x.shape[0] * upsampling + padding.top + padding.bottom - weight.kernel) / stride + 1
        let width = (x.shape[1] * upsampling + padding.left + padding.right - weight.kernel) / stride + 1
        precondition(
            x.shape[2] == weight.inChannels && y.shape == Shape([height, width, weight.outChannels]),
            "\(x.shape) under \(weight.outChannels)×\(weight.inChannels)×\(weight.kernel)² gives \(height)×\(width), not \(y.shape)")
        let method = ck_convolution_method_of(
            context, weight.weight.weight.type, weight.outChannels, weight.kernel, stride, upsampling,
            [padding.top, padding.left, padding.bottom, padding.right])
        var call = ck_convolution_call(
            x: x.floats, height: x.shape[0], width: x.shape[1], in: weight.inChannels, out: weight.outChannels, kernel: weight.kernel,
            stride: stride, upsampling: upsampling, top: padding.top, left: padding.left, out_height: height, out_width: width,
            method: method, weight: weight.weight.weight, packed: packed(weight, method)?.floats,
            bias: weight.bias.vector(weight.outChannels, "bias"), epilogue: epilogue.kernel(columns: weight.outChannels), y: y.floats)
        ck_convolution(context, &call)
    }

    /// What the weights take that were laid out for the kernels.
    package var packedConvolutionBytes: Int { packedConvolutions.values.reduce(0) { $0 + $1.packed.byteCount } }

    /// The weight as the kernels of `method` read it, laid out once; nil where they read it as it is.
    private func packed(_ weight: ConvolutionWeight, _ method: ck_convolution_method) -> Tensor? {
        let key = ConvolutionKey(weight: weight.weight.address, method: method.rawValue)
        if let found = packedConvolutions[key] { return found.packed }
        let (outputs, inputs, kernel) = (weight.outChannels, weight.inChannels, weight.kernel)
        let count = ck_convolution_packed_count(context, method, weight.weight.weight.type, outputs, inputs, kernel)
        guard count > 0 else { return nil }
        let packed = makeTensor(Shape(count), .f32)
        ck_convolution_pack(context, method, weight.weight.weight, outputs, inputs, kernel, packed.floats)
        packedConvolutions[key] = (weight.weight, packed)
        return packed
    }

    public func groupNorm(_ x: Tensor, groups: Int, weight: Tensor, bias: Tensor, epsilon: Float, activation: Activation, into y: Tensor) {
        requireSame(x, y)
        let channels = x.columns
        precondition(x.isDense && y.isDense && groups > 0 && channels % groups == 0, "\(x.shape) in \(groups) groups")
        var call = ck_group_norm_call(
            x: x.floats, pixels: x.rows, channels: channels, groups: groups, weight: weight.vector(channels, "weight"),
            bias: bias.vector(channels, "bias"),
            epsilon: epsilon, activation: activation.kernel, y: y.floats)
        ck_group_norm(context, &call)
    }
}

/// Which layout of which weight; the device keeps the weight too, so that its address stays its own.
struct ConvolutionKey: Hashable {
    let weight: UnsafeMutableRawPointer
    let method: UInt32
}

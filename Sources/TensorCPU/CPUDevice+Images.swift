import CKernels
public import Tensor

// Operations on images `[height, width, channels]`.

extension CPUDevice {
    public func placeConvolution(weight: Tensor, bias: Tensor?) -> ConvolutionWeight {
        precondition(weight.shape.rank == 4 && weight.shape[2] == weight.shape[3] && weight.isDense, "a convolution's weight \(weight.shape)")
        let (outputs, inputs, kernel) = (weight.shape[0], weight.shape[1], weight.shape[2])
        let packed = makeTensor(Shape(ck_convolution_packed_count(outputs, inputs, kernel)), .f32)
        ck_convolution_pack(context, weight.weight, outputs, inputs, kernel, packed.floats)
        _ = bias.vector(outputs, "bias")
        return ConvolutionWeight(outChannels: outputs, inChannels: inputs, kernel: kernel, weight: packed, bias: bias)
    }

    public func convolution(_ x: Tensor, _ weight: ConvolutionWeight, stride: Int, padding: Padding, upsampling: Int, _ epilogue: Epilogue, into y: Tensor) {
        precondition(x.shape.rank == 3 && y.shape.rank == 3 && x.isDense && y.isDense && stride > 0 && upsampling > 0, "a convolution of \(x.shape) into \(y.shape)")
        let height = (x.shape[0] * upsampling + padding.top + padding.bottom - weight.kernel) / stride + 1
        let width = (x.shape[1] * upsampling + padding.left + padding.right - weight.kernel) / stride + 1
        precondition(
            x.shape[2] == weight.inChannels && y.shape == Shape([height, width, weight.outChannels]),
            "\(x.shape) under \(weight.outChannels)×\(weight.inChannels)×\(weight.kernel)² gives \(height)×\(width), not \(y.shape)")
        var call = ck_convolution_call(
            x: x.floats, height: x.shape[0], width: x.shape[1], in: weight.inChannels, out: weight.outChannels, kernel: weight.kernel,
            stride: stride, upsampling: upsampling, top: padding.top, left: padding.left, out_height: height, out_width: width,
            weight: weight.weight.floats, bias: weight.bias.vector(weight.outChannels, "bias"), epilogue: epilogue.kernel(columns: weight.outChannels),
            y: y.floats)
        ck_convolution(context, &call)
    }

    public func groupNorm(_ x: Tensor, groups: Int, weight: Tensor, bias: Tensor, epsilon: Float, activation: Activation, into y: Tensor) {
        requireSame(x, y)
        let channels = x.columns
        precondition(x.isDense && y.isDense && groups > 0 && channels % groups == 0, "\(x.shape) in \(groups) groups")
        var call = ck_group_norm_call(
            x: x.floats, pixels: x.rows, channels: channels, groups: groups, weight: weight.vector(channels, "weight"), bias: bias.vector(channels, "bias"),
            epsilon: epsilon, activation: activation.kernel, y: y.floats)
        ck_group_norm(context, &call)
    }
}

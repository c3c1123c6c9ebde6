public import Tensor

// Operations on images `[height, width, channels]`, which CANN's operators want as `[1, channels, height, width]`.

extension AscendDevice {
    public func convolution(
        _ x: Tensor, _ weight: ConvolutionWeight, stride: Int, padding: Padding, upsampling: Int, _ epilogue: Epilogue, into y: Tensor
    ) {
        precondition(
            x.shape.rank == 3 && y.shape.rank == 3 && x.isDense && y.isDense && stride > 0 && upsampling > 0,
            "a convolution of \(x.shape) into \(y.shape)")
        let (enlargedHeight, enlargedWidth) = (x.shape[0] * upsampling, x.shape[1] * upsampling)
        let height = (enlargedHeight + padding.top + padding.bottom - weight.kernel) / stride + 1
        let width = (enlargedWidth + padding.left + padding.right - weight.kernel) / stride + 1
        precondition(
            x.shape[2] == weight.inChannels && y.shape == Shape([height, width, weight.outChannels]),
            "\(x.shape) under \(weight.outChannels)×\(weight.inChannels)×\(weight.kernel)² gives \(height)×\(width), not \(y.shape)")
        let type = weight.weight.dtype
        var image = planes(x, type)
        if upsampling > 1 {
            let larger = scratch([1, weight.inChannels, enlargedHeight, enlargedWidth], type, format: .image)
            stream.enlarge(image, into: larger)
            image = larger
        }
        var even = (padding.top, padding.left)
        if padding.top != padding.bottom || padding.left != padding.right {
            image = padded(image, padding)
            even = (0, 0)
        }
        let kernel = Operand(dense: weight.weight, [weight.outChannels, weight.inChannels, weight.kernel, weight.kernel], format: .image)
        let result = scratch([1, weight.outChannels, height, width], type, format: .image)
        stream.convolve(image, kernel, stride: stride, padding: even, mathType: type == .f32 && roundsConvolutions ? 1 : mathType(type), into: result)
        finish(
            result.reshaped([weight.outChannels, height, width]).permuted([1, 2, 0]), bias: weight.bias, epilogue,
            into: Operand(dense: y, y.shape.array))
    }

    public func groupNorm(_ x: Tensor, groups: Int, weight: Tensor, bias: Tensor, epsilon: Float, activation: Activation, into y: Tensor) {
        let channels = x.columns
        precondition(
            x.shape == y.shape && x.shape.rank == 3 && x.isDense && y.isDense && groups > 0 && channels % groups == 0,
            "\(x.shape) in \(groups) groups into \(y.shape)")
        let image = planes(x, .f32)
        let result = scratch(image.extents, .f32, format: .image)
        let statistics = scratch([2, groups], .f32)
        let (weight, bias) = (vector(weight, channels, "weight"), vector(bias, channels, "bias"))
        let target = Operand(dense: y, y.shape.array)
        let back = result.reshaped([channels, x.shape[0], x.shape[1]]).permuted([1, 2, 0])
        if fused.groupNormSilu, activation == .silu,
            stream.groupNormSilu(image, weight: weight, bias: bias, groups: groups, epsilon: epsilon, into: result, statistics: statistics)
        {
            return stream.copy(back, to: target)
        }
        let flat = [1, channels, x.rows]
        stream.groupNorm(
            image.reshaped(flat), weight: weight, bias: bias, groups: groups, epsilon: epsilon, into: result.reshaped(flat), statistics: statistics)
        stream.copy(back, to: target)
        if activation != .identity { stream.activate(activation, target, into: target) }
    }

    /// A copy of an image as `[1, channels, height, width]`, rounded to `type`.
    private func planes(_ x: Tensor, _ type: DType) -> Operand {
        let result = scratch([1, x.shape[2], x.shape[0], x.shape[1]], type, format: .image)
        stream.copy(Operand(dense: x, [1] + x.shape.array).permuted([0, 3, 1, 2]), to: result)
        return result
    }

    /// With zeros around it.
    private func padded(_ image: Operand, _ padding: Padding) -> Operand {
        let (height, width) = (image.extents[2], image.extents[3])
        let result = scratch(
            [1, image.extents[1], height + padding.top + padding.bottom, width + padding.left + padding.right], image.dtype, format: .image)
        stream.fill(result, 0)
        stream.copy(image, to: result.slice(2, padding.top..<padding.top + height).slice(3, padding.left..<padding.left + width))
        return result
    }
}

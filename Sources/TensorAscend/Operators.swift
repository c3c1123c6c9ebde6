import CAscend
import Tensor

/// The operators in use, one function each: what they take and where CANN wants it.
enum Operator: Hashable {
    case matmul, batchMatMul, addmm, rmsNorm, addRmsNorm, layerNorm, groupNorm, groupNormSilu, softmax, silu, geluV2, swiGlu, add, inplaceAdd, mul
    case muls, adds, addcmul, abs, mean, cast, inplaceCopy, inplaceFillScalar, cat, embedding, scatterNdUpdate, rotaryPositionEmbedding, convolution
    case upsampleNearest2d, argMax, sort, cumsum, ltScalar, reduceSum, minimum, fusedInferAttentionScoreV3, fusedInferAttentionScoreV2

    /// The name of its second phase.
    var symbol: String {
        let name = "\(self)"
        return "aclnn" + name.prefix(1).uppercased() + name.dropFirst()
    }
}

extension Stream {
    /// `out = a · b`: `[m, k]`, `[k, n]`, `[m, n]`.
    func matmul(_ a: Operand, _ b: Operand, mathType: Int8, into out: Operand) {
        run(.matmul, api.pointee.aclnnMatmul, [a, b, out], [Double(mathType)]) {
            $0.aclnnMatmulGetWorkspaceSize($1[0], $1[1], $1[2], mathType, $2, $3)
        }
    }

    /// The same for each of a batch: `[batch, m, k]`, `[batch, k, n]`, `[batch, m, n]`.
    func batchMatmul(_ a: Operand, _ b: Operand, mathType: Int8, into out: Operand) {
        run(.batchMatMul, api.pointee.aclnnBatchMatMul, [a, b, out], [Double(mathType)]) {
            $0.aclnnBatchMatMulGetWorkspaceSize($1[0], $1[1], $1[2], mathType, $2, $3)
        }
    }

    /// `out = bias + a · b`, bias `[n]`, all of one type.
    func addmm(_ bias: Operand, _ a: Operand, _ b: Operand, mathType: Int8, into out: Operand) {
        run(.addmm, api.pointee.aclnnAddmm, [bias, a, b, out], [Double(mathType)]) {
            $0.aclnnAddmmGetWorkspaceSize($1[0], $1[1], $1[2], $1.scalar(1), $1.scalar(1), $1[3], mathType, $2, $3)
        }
    }

    /// `reciprocal` takes each row's `1 / rms`, f32 `[rows, 1]`.
    func rmsNorm(_ x: Operand, weight: Operand, epsilon: Float, into y: Operand, reciprocal: Operand) {
        run(.rmsNorm, api.pointee.aclnnRmsNorm, [x, weight, y, reciprocal], [Double(epsilon)], writes: [2, 3]) {
            $0.aclnnRmsNormGetWorkspaceSize($1[0], $1[1], Double(epsilon), $1[2], $1[3], $2, $3)
        }
    }

    /// `sum = a + b` and its norm, all of one type; `sum` is memory of its own.
    func addRMSNorm(_ a: Operand, _ b: Operand, weight: Operand, epsilon: Float, into y: Operand, reciprocal: Operand, sum: Operand) -> Bool {
        run(.addRmsNorm, api.pointee.aclnnAddRmsNorm, [a, b, weight, y, reciprocal, sum], [Double(epsilon)], writes: [3, 4, 5], mayRefuse: true) {
            $0.aclnnAddRmsNormGetWorkspaceSize($1[0], $1[1], $1[2], Double(epsilon), $1[3], $1[4], $1[5], $2, $3)
        }
    }

    /// Over the last axis.
    func layerNorm(_ x: Operand, weight: Operand?, bias: Operand?, epsilon: Float, into y: Operand) {
        let vectors = [weight, bias].compactMap { $0 }
        run(.layerNorm, api.pointee.aclnnLayerNorm, [x, y] + vectors, [Double(epsilon), weight == nil ? 0 : 1, bias == nil ? 0 : 1], writes: [1]) {
            $0.aclnnLayerNormGetWorkspaceSize(
                $1[0], $1.integers([x.extents[x.view.rank - 1]]), weight == nil ? nil : $1[2], bias == nil ? nil : $1[1 + vectors.count],
                Double(epsilon), $1[1],
                nil, nil, $2, $3)
        }
    }

    /// x and y `[1, channels, pixels]`; `statistics` takes means and deviations, f32 `[2, groups]`.
    func groupNorm(_ x: Operand, weight: Operand, bias: Operand, groups: Int, epsilon: Float, into y: Operand, statistics: Operand) {
        let (mean, deviation) = (statistics.slice(0, 0..<1), statistics.slice(0, 1..<2))
        run(.groupNorm, api.pointee.aclnnGroupNorm, [x, weight, bias, y, mean, deviation], [Double(groups), Double(epsilon)], writes: [3, 4, 5]) {
            $0.aclnnGroupNormGetWorkspaceSize(
                $1[0], $1[1], $1[2], 1, Int64(x.extents[1]), Int64(x.extents[2]), Int64(groups), Double(epsilon), $1[3], $1[4], $1[5], $2, $3)
        }
    }

    /// The same, then SiLU; x and y `[1, channels, height, width]`.
    func groupNormSilu(_ x: Operand, weight: Operand, bias: Operand, groups: Int, epsilon: Float, into y: Operand, statistics: Operand) -> Bool {
        let (mean, deviation) = (statistics.slice(0, 0..<1), statistics.slice(0, 1..<2))
        return run(
            .groupNormSilu, api.pointee.aclnnGroupNormSilu, [x, weight, bias, y, mean, deviation], [Double(groups), Double(epsilon)],
            writes: [3, 4, 5],
            mayRefuse: true
        ) {
            $0.aclnnGroupNormSiluGetWorkspaceSize($1[0], $1[1], $1[2], Int64(groups), Double(epsilon), $1[3], $1[4], $1[5], $2, $3)
        }
    }

    /// Over the last axis.
    func softmax(_ x: Operand, into y: Operand) {
        run(.softmax, api.pointee.aclnnSoftmax, [x, y]) { $0.aclnnSoftmaxGetWorkspaceSize($1[0], -1, $1[1], $2, $3) }
    }

    func activate(_ activation: Activation, _ x: Operand, into y: Operand) {
        switch activation {
        case .identity: if x.view != y.view { copy(x, to: y) }
        case .silu: run(.silu, api.pointee.aclnnSilu, [x, y]) { $0.aclnnSiluGetWorkspaceSize($1[0], $1[1], $2, $3) }
        case .gelu, .geluTanh:
            let approximate: Int64 = activation == .gelu ? 0 : 1
            run(.geluV2, api.pointee.aclnnGeluV2, [x, y], [Double(approximate)]) { $0.aclnnGeluV2GetWorkspaceSize($1[0], approximate, $1[1], $2, $3) }
        }
    }

    /// `y = silu(left half of x) · right half`, along the last axis; x dense.
    func swiGlu(_ x: Operand, into y: Operand) -> Bool {
        run(.swiGlu, api.pointee.aclnnSwiGlu, [x, y], mayRefuse: true) { $0.aclnnSwiGluGetWorkspaceSize($1[0], -1, $1[1], $2, $3) }
    }

    /// `out = a + factor · b`, each spread over the other's axes.
    func add(_ a: Operand, _ b: Operand, times factor: Int64 = 1, into out: Operand) {
        run(.add, api.pointee.aclnnAdd, [a, b, out], [Double(factor)]) {
            $0.aclnnAddGetWorkspaceSize($1[0], $1[1], $1.scalar(factor, for: a.dtype), $1[2], $2, $3)
        }
    }

    /// `y += factor · x`.
    func add(_ x: Operand, times factor: Float = 1, to y: Operand) {
        run(.inplaceAdd, api.pointee.aclnnInplaceAdd, [y, x], [Double(factor)], writes: [0]) {
            $0.aclnnInplaceAddGetWorkspaceSize($1[0], $1[1], $1.scalar(factor), $2, $3)
        }
    }

    func multiply(_ a: Operand, _ b: Operand, into out: Operand) {
        run(.mul, api.pointee.aclnnMul, [a, b, out]) { $0.aclnnMulGetWorkspaceSize($1[0], $1[1], $1[2], $2, $3) }
    }

    func multiply(_ x: Operand, _ factor: Float, into out: Operand) {
        run(.muls, api.pointee.aclnnMuls, [x, out], [Double(factor)]) { $0.aclnnMulsGetWorkspaceSize($1[0], $1.scalar(factor), $1[1], $2, $3) }
    }

    func add(_ x: Operand, _ term: Float, into out: Operand) {
        run(.adds, api.pointee.aclnnAdds, [x, out], [Double(term)]) {
            $0.aclnnAddsGetWorkspaceSize($1[0], $1.scalar(term), $1.scalar(1), $1[1], $2, $3)
        }
    }

    func absolute(_ x: Operand, into out: Operand) {
        run(.abs, api.pointee.aclnnAbs, [x, out]) { $0.aclnnAbsGetWorkspaceSize($1[0], $1[1], $2, $3) }
    }

    /// Of all elements of a matrix; out f32 `[1, 1]`.
    func mean(_ x: Operand, into out: Operand) {
        run(.mean, api.pointee.aclnnMean, [x, out]) { $0.aclnnMeanGetWorkspaceSize($1[0], $1.integers([0, 1]), true, ACL_FLOAT, $1[1], $2, $3) }
    }

    /// `y += factor · a · b`.
    func addProduct(_ a: Operand, _ b: Operand, factor: Float = 1, to y: Operand) {
        run(.addcmul, api.pointee.aclnnAddcmul, [y, a, b], [Double(factor)], writes: [0]) {
            $0.aclnnAddcmulGetWorkspaceSize($1[0], $1[1], $1[2], $1.scalar(factor), $1[0], $2, $3)
        }
    }

    /// Any strides and types; x is spread where y has more of an axis.
    func copy(_ x: Operand, to y: Operand) {
        if x.dtype != y.dtype && x.isDense && y.isDense && x.extents == y.extents {
            run(.cast, api.pointee.aclnnCast, [x, y]) { $0.aclnnCastGetWorkspaceSize($1[0], y.dtype.acl, $1[1], $2, $3) }
        } else {
            run(.inplaceCopy, api.pointee.aclnnInplaceCopy, [y, x], writes: [0]) { $0.aclnnInplaceCopyGetWorkspaceSize($1[0], $1[1], $2, $3) }
        }
    }

    func fill(_ x: Operand, _ value: Float) {
        run(.inplaceFillScalar, api.pointee.aclnnInplaceFillScalar, [x], [Double(value)]) {
            $0.aclnnInplaceFillScalarGetWorkspaceSize($1[0], $1.scalar(value), $2, $3)
        }
    }

    /// One behind the other along an axis.
    func concatenate(_ parts: [Operand], axis: Int, into out: Operand) {
        run(.cat, api.pointee.aclnnCat, parts + [out], [Double(axis)]) {
            $0.aclnnCatGetWorkspaceSize($1.list(Array(parts.indices)), Int64(axis), $1[parts.count], $2, $3)
        }
    }

    /// `out[i] = table[indices[i]]`, all of one type; indices i64.
    func gather(_ table: Operand, _ indices: Operand, into out: Operand) {
        run(.embedding, api.pointee.aclnnEmbedding, [table, indices, out]) { $0.aclnnEmbeddingGetWorkspaceSize($1[0], $1[1], $1[2], $2, $3) }
    }

    /// `table[indices[i]] = x[i]`, of one type; indices i64 `[rows, 1]`. Table dense: a plan for another could not be kept.
    func scatter(_ x: Operand, _ indices: Operand, into table: Operand) {
        run(.scatterNdUpdate, api.pointee.aclnnScatterNdUpdate, [table, indices, x], writes: [0]) {
            $0.aclnnScatterNdUpdateGetWorkspaceSize($1[0], $1[1], $1[2], $2, $3)
        }
    }

    /// x and out `[1, rows, heads, size]`, cosine and sine `[1, rows, 1, size]`; out dense.
    func rotate(_ x: Operand, _ style: RotaryStyle, cosine: Operand, sine: Operand, into out: Operand) -> Bool {
        let mode: Int64 = style == .halves ? 0 : 1
        return run(
            .rotaryPositionEmbedding, api.pointee.aclnnRotaryPositionEmbedding, [x, cosine, sine, out], [Double(mode)], mayRefuse: true
        ) {
            $0.aclnnRotaryPositionEmbeddingGetWorkspaceSize($1[0], $1[1], $1[2], mode, $1[3], $2, $3)
        }
    }

    /// Images `[1, channels, height, width]`, weight `[out, in, kernel, kernel]`; equal padding above and below, left and right.
    func convolve(_ x: Operand, _ weight: Operand, stride: Int, padding: (Int, Int), mathType: Int8, into y: Operand) {
        run(
            .convolution, api.pointee.aclnnConvolution, [x, weight, y], [Double(stride), Double(padding.0), Double(padding.1), Double(mathType)]
        ) {
            $0.aclnnConvolutionGetWorkspaceSize(
                $1[0], $1[1], nil, $1.integers([stride, stride]), $1.integers([padding.0, padding.1]), $1.integers([1, 1]), false,
                $1.integers([0, 0]), 1,
                $1[2], mathType, $2, $3)
        }
    }

    /// Each pixel as a square of them: `[1, channels, height, width]`.
    func enlarge(_ x: Operand, into y: Operand) {
        run(.upsampleNearest2d, api.pointee.aclnnUpsampleNearest2d, [x, y]) {
            $0.aclnnUpsampleNearest2dGetWorkspaceSize($1[0], $1.integers([y.extents[2], y.extents[3]]), $1[1], $2, $3)
        }
    }

    /// The place of each row's largest element; indices i32 `[rows]`.
    func argmax(_ x: Operand, into indices: Operand) {
        run(.argMax, api.pointee.aclnnArgMax, [x, indices]) { $0.aclnnArgMaxGetWorkspaceSize($1[0], 1, false, $1[1], $2, $3) }
    }

    /// Each row's values from the largest down, equals in their order, and where they stood, i64.
    func sort(_ x: Operand, into values: Operand, places: Operand) -> Bool {
        run(.sort, api.pointee.aclnnSort, [x, values, places], writes: [1, 2], mayRefuse: true) {
            $0.aclnnSortGetWorkspaceSize($1[0], true, -1, true, $1[1], $1[2], $2, $3)
        }
    }

    /// The sums of each row's elements so far.
    func sums(_ x: Operand, into out: Operand) -> Bool {
        run(.cumsum, api.pointee.aclnnCumsum, [x, out], mayRefuse: true) { $0.aclnnCumsumGetWorkspaceSize($1[0], -1, ACL_FLOAT, $1[1], $2, $3) }
    }

    /// Where an element is below zero; out bool.
    func isNegative(_ x: Operand, into out: Operand) -> Bool {
        run(.ltScalar, api.pointee.aclnnLtScalar, [x, out], mayRefuse: true) {
            $0.aclnnLtScalarGetWorkspaceSize($1[0], $1.scalar(0), $1[1], $2, $3)
        }
    }

    /// The sum of each row; x and out f32, out `[rows, 1]`.
    func sum(_ x: Operand, into out: Operand) -> Bool {
        run(.reduceSum, api.pointee.aclnnReduceSum, [x, out], mayRefuse: true) {
            $0.aclnnReduceSumGetWorkspaceSize($1[0], $1.integers([-1]), true, ACL_FLOAT, $1[1], $2, $3)
        }
    }

    func minimum(_ a: Operand, _ b: Operand, into out: Operand) -> Bool {
        run(.minimum, api.pointee.aclnnMinimum, [a, b, out], mayRefuse: true) { $0.aclnnMinimumGetWorkspaceSize($1[0], $1[1], $1[2], $2, $3) }
    }
}

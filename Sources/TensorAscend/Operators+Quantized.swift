import CAscend
import Tensor

// Operators on int8.

extension Stream {
    /// Each row of x `[rows, columns]`, bf16, as int8, and what gives it back: the row's largest magnitude ÷ 127, f32 `[rows]`.
    func quantizeRows(_ x: Operand, into elements: Operand, scales: Operand) {
        run(.dynamicQuant, api.pointee.aclnnDynamicQuant, [x, elements, scales], writes: [1, 2]) {
            $0.aclnnDynamicQuantGetWorkspaceSize($1[0], nil, $1[1], $1[2], $2, $3)
        }
    }

    /// `out[i, j] = rowScales[i] · columnScales[j] · Σ a[i, d] · b[j, d] + bias[j]`: a `[m, k]` and b `[n, k]` int8, scales f32, bias and out
    /// `[m, n]` bf16.
    func multiplyQuantized(_ a: Operand, _ b: Operand, rowScales: Operand, columnScales: Operand, bias: Operand?, into out: Operand) {
        run(.quantMatmulV4, api.pointee.aclnnQuantMatmulV4, [a, b, rowScales, columnScales] + (bias.map { [$0] } ?? []) + [out]) {
            $0.aclnnQuantMatmulV4GetWorkspaceSize(
                $1[0], $1[1], $1[3], nil, $1[2], bias == nil ? nil : $1[4], false, true, $1[bias == nil ? 4 : 5], $2, $3)
        }
    }
}

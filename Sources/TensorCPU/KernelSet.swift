import CKernels
public import Domain

/// The instruction sets that there are kernels for.
public enum KernelSet: String, Sendable, CaseIterable {
    /// What every processor has; products of many rows go to OpenBLAS where it is installed.
    case generic
    case avx2
    case avx512
    /// AVX-512 with products of bf16 pairs.
    case avx512bf16
    /// AVX-512 with products of bf16, and of int8, by AMX.
    case amx
    /// aarch64.
    case neon
    /// aarch64 with products of bf16 pairs.
    case neonbf16

    /// Whether this machine can run them.
    public var isAvailable: Bool { ck_supports(set) }

    /// The fastest that this machine can run.
    public static var best: KernelSet { allCases.last { $0.isAvailable } ?? .generic }

    /// `.bf16` where they multiply bf16 natively.
    public var nativePrecision: Precision { ck_multiplies_bf16(set) ? .bf16 : .f32 }

    var set: ck_set {
        switch self {
        case .generic: CK_GENERIC
        case .avx2: CK_AVX2
        case .avx512: CK_AVX512
        case .avx512bf16: CK_AVX512_BF16
        case .amx: CK_AMX
        case .neon: CK_NEON
        case .neonbf16: CK_NEON_BF16
        }
    }
}

/// How a stage computes: what decides the bits of its results beside the model and the request. Stages of one model that are equal in it
/// give the same bits for the same request; on accelerators as far as the level of determinism goes. All empty: a stage that does not tell.
public struct Numerics: Sendable, Hashable, Codable {
    /// `f32` or `bf16`: what products multiply.
    public var precision: String
    /// The kernels: `avx2`, `avx512bf16`, `amx`, `neonbf16`, `generic+openblas-haswell`, with `+int8` where int8 weights meet activations in int8; of a card its chip and its software.
    public var kernels: String
    /// How weights are quantised: `int8`, `int4`; empty: not at all. Where int8 meets activations in int8, `kernels` ends in `+int8`.
    public var quantization: String
    /// Side in pixels of the tiles in which the VAE takes large images; 0: images are taken whole.
    public var tileSide: Int
    /// Of an accelerator its ``DeterminismLevel``; nil: it computes on the CPU, or does not tell.
    public var determinism: Int?

    public init(precision: String = "", kernels: String = "", quantization: String = "", tileSide: Int = 0, determinism: Int? = nil) {
        self.precision = precision
        self.kernels = kernels
        self.quantization = quantization
        self.tileSide = tileSide
        self.determinism = determinism
    }
}

extension Numerics: CustomStringConvertible {
    /// `f32 avx2, tiles of 1024`, `bf16 Ascend910B3 CANN 9.1.0, deterministic 2`
    public var description: String {
        let told = [precision, kernels, quantization].filter { !$0.isEmpty }.joined(separator: " ")
        return (told.isEmpty ? "unknown numerics" : told) + (determinism.map { ", deterministic \($0)" } ?? "")
            + (tileSide > 0 ? ", tiles of \(tileSide)" : "")
    }
}

extension Numerics: Comparable {
    /// An order for choices that must come out the same each time: f32, the reference of every other precision, comes first.
    public static func < (a: Numerics, b: Numerics) -> Bool {
        (a.precision == Precision.f32.rawValue ? 0 : 1, a.description) < (b.precision == Precision.f32.rawValue ? 0 : 1, b.description)
    }
}

/// The same, with the kind of stage that computed so.
public struct StageNumerics: Sendable, Hashable {
    /// Kind of the stage.
    public var stage: String
    public var numerics: Numerics
    /// Those of a stage that the work was on before and lost, where no other stage with these served; nil: none.
    public var insteadOf: Numerics?

    public init(stage: String = "", numerics: Numerics = Numerics(), insteadOf: Numerics? = nil) {
        self.stage = stage
        self.numerics = numerics
        self.insteadOf = insteadOf
    }
}

import Domain

/// When one phase of one stage began and how long it took, as `--json` tells it.
struct Phase: Sendable, Encodable {
    let stage, instance, phase: String
    let seconds, start: Double
    /// Energy that it took of the stage's cards; nil: not measured, and not told.
    let joules: Double?

    init(_ timing: StageTiming) {
        stage = timing.stage
        instance = timing.instance
        phase = timing.phase
        seconds = timing.seconds
        start = timing.start
        joules = timing.joules
    }
}

extension [Phase] {
    /// For people: `1520 J`; nil unless all phases of stages were measured.
    var joulesText: String? {
        let stages = filter { $0.stage != "gateway" }, known = stages.compactMap(\.joules)
        return known.isEmpty || known.count < stages.count ? nil : "\(known.reduce(0, +).roundedText) J"
    }
}

/// How a stage computed, as `--json` tells it.
struct Computing: Sendable, Encodable {
    let stage, precision, kernels, quantization: String
    let tileSide: Int
    /// Nil on the CPU.
    let determinism: Int?
    /// Those of a stage that was lost, where no other had these; nil: none.
    let insteadOf: String?

    init(_ numerics: StageNumerics) {
        stage = numerics.stage
        precision = numerics.numerics.precision
        kernels = numerics.numerics.kernels
        quantization = numerics.numerics.quantization
        tileSide = numerics.numerics.tileSide
        determinism = numerics.numerics.determinism
        insteadOf = numerics.insteadOf.map { "\($0)" }
    }
}

extension [Computing] {
    /// For people: `f32 avx2` where all stages computed alike, else stage by stage: `text f32 avx2 instead of bf16 avx512bf16, diffusion …`.
    var text: String {
        if let first, allSatisfy({ $0.numerics == first.numerics && $0.insteadOf == nil }) { return "\(first.numerics)" }
        return map { told in "\(told.stage) \(told.numerics)" + (told.insteadOf.map { " instead of \($0)" } ?? "") }.joined(separator: ", ")
    }
}

extension Computing {
    fileprivate var numerics: Numerics {
        Numerics(precision: precision, kernels: kernels, quantization: quantization, tileSide: tileSide, determinism: determinism)
    }
}

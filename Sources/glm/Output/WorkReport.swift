import Domain

/// When one phase of one stage began and how long it took, as `--json` tells it.
struct Phase: Sendable, Encodable {
    let stage, instance, phase: String
    let seconds, start: Double

    init(_ timing: StageTiming) {
        stage = timing.stage
        instance = timing.instance
        phase = timing.phase
        seconds = timing.seconds
        start = timing.start
    }
}

/// How a stage computed, as `--json` tells it.
struct Computing: Sendable, Encodable {
    let stage, precision, kernels, quantization: String
    let tileSide: Int

    init(_ numerics: StageNumerics) {
        stage = numerics.stage
        precision = numerics.numerics.precision
        kernels = numerics.numerics.kernels
        quantization = numerics.numerics.quantization
        tileSide = numerics.numerics.tileSide
    }
}

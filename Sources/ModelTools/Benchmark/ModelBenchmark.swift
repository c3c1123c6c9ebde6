public import Checkpoint
public import Tensor

/// Times each part of a model alone, in one process, on synthetic inputs of stated sizes.
public struct ModelBenchmark {
    /// Sizes of the work.
    public struct Sizes: Sendable {
        /// Side of the square image in pixels, for the vision tower, the transformer and the autoencoder.
        public var side = 512
        public var promptTokens = 512
        public var decodedTokens = 96
        /// Sequences in a decoding step; each size is timed.
        public var batches = [1, 4, 8, 16]
        /// Of a question about one image.
        public var questionTokens = 16
        public var glyphBytes = 128
        /// Glyph tokens in the transformer's pass.
        public var textTokens = 64
        /// Times the denoising of a whole picture without step caching and with this threshold; nil: one pass alone.
        public var stepCache: Float?
        /// Of the whole picture.
        public var steps = 50

        public init() {}
    }

    let model: ModelFolder
    let device: MeteredDevice
    let sizes: Sizes
    let parts: Set<String>
    let budget: Duration
    /// Nil where nothing tells it.
    let power: PowerGauge?
    let clock = ContinuousClock()

    /// - Parameters:
    ///   - parts: of ``parts(of:)``; empty: all.
    ///   - budget: each part is run again until this much time has passed, and at least twice.
    ///   - watts: of the device now, on whatever thread; it may take its time, and nil is not told. Nil: nothing tells it.
    public init(
        model: ModelFolder, device: any Device, sizes: Sizes = Sizes(), parts: Set<String> = [], budget: Duration = .seconds(3),
        watts: (@Sendable () -> Double?)? = nil
    ) {
        self.model = model
        self.device = MeteredDevice(device)
        self.sizes = sizes
        self.parts = parts
        self.budget = budget
        power = watts.map { PowerGauge($0) }
    }

    /// What can be timed of a pipeline's model, in the order in which it is.
    public static func parts(of pipeline: ModelPipeline, _ sizes: Sizes = Sizes()) -> [String] {
        switch pipeline {
        case .image: ["vision"] + decodingParts(sizes) + codeParts + diffusionParts
        case .answer: answerParts + decodingParts(sizes)
        }
    }

    func wants(_ part: String) -> Bool { parts.isEmpty || parts.contains(part) }

    /// Times the parts; stages are loaded one after another, so that memory holds one at a time, and none of which no part is timed.
    public func run(loaded: (LoadTiming) -> Void, timed: (PartTiming) -> Void) throws {
        switch model.pipeline {
        case .image:
            try vision(loaded, timed)
            try text(loaded, timed)
            try diffusion(loaded, timed)
        case .answer: try answer(loaded, timed)
        }
    }

    func load<Part>(_ part: String, _ loaded: (LoadTiming) -> Void, _ make: () throws -> Part) throws -> Part {
        let start = clock.now
        let result = try make()
        loaded(LoadTiming(part: part, seconds: (clock.now - start).seconds))
        return result
    }

    /// Times a part that is wanted.
    func time(_ part: String, _ workload: String, tokens: Int?, _ timed: (PartTiming) -> Void, _ body: () throws -> Void) throws {
        guard wants(part) else { return }
        try body()
        var best = Duration.seconds(1_000_000)
        var operations = OperationTime()
        var runs = 0
        power?.restart()
        let start = clock.now
        while runs < 2 || clock.now - start < budget {
            // Of the last run, when all that is made once is made.
            device.reset()
            let elapsed = try clock.measure(body)
            if elapsed < best { (best, operations) = (elapsed, device.time) }
            runs += 1
        }
        timed(
            PartTiming(
                part: part, workload: workload, seconds: best.seconds, operations: operations, runs: runs, tokens: tokens, work: device.work,
                watts: power?.mean))
    }

    func noise(_ count: Int) -> [Float] {
        var generator = TorchGenerator(seed: 0)
        return generator.normal(count: count)
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

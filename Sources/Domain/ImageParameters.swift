/// The parameters of an image as a caller states them. What is nil is left to the gateway.
public struct ImageOptions: Sendable, Hashable {
    /// Pixels.
    public var height: Int?
    /// Pixels.
    public var width: Int?
    /// Denoising steps.
    public var steps: Int?
    /// Classifier-free guidance; 1: none.
    public var guidanceScale: Float?
    /// Seed of sampling and noise.
    public var seed: UInt64?
    /// File format of the result.
    public var format: ImageFormat?
    /// Of JPEG and WebP, 1 through 100; ignored for PNG.
    public var jpegQuality: Int?
    public var sampling: Sampling?
    /// From which change of the residual on a denoising step is computed in full; 0: all are.
    public var stepCache: Float?

    public init(
        height: Int? = nil, width: Int? = nil, steps: Int? = nil, guidanceScale: Float? = nil, seed: UInt64? = nil, format: ImageFormat? = nil,
        jpegQuality: Int? = nil, sampling: Sampling? = nil, stepCache: Float? = nil
    ) {
        self.height = height
        self.width = width
        self.steps = steps
        self.guidanceScale = guidanceScale
        self.seed = seed
        self.format = format
        self.jpegQuality = jpegQuality
        self.sampling = sampling
        self.stepCache = stepCache
    }

    /// Checks the values that are set against ``RequestLimits``.
    public func check() throws(RequestError) {
        if let height { try RequestLimits.checkSide("height", height) }
        if let width { try RequestLimits.checkSide("width", width) }
        if let height, let width { try RequestLimits.checkSize(height: height, width: width) }
        try RequestLimits.check("steps", steps, in: RequestLimits.steps)
        try RequestLimits.check("guidance_scale", guidanceScale, in: RequestLimits.guidanceScale)
        try RequestLimits.check("jpeg_quality", jpegQuality, in: RequestLimits.jpegQuality)
        try RequestLimits.checkStepCache(stepCache)
        try sampling?.check()
    }
}

/// The parameters of an image: complete, and within ``RequestLimits`` by construction. They pass unchanged from the gateway through the
/// stages and back to the caller.
public struct ImageParameters: Sendable, Hashable {
    /// Pixels; a multiple of 32.
    public let height: Int
    /// Pixels; a multiple of 32.
    public let width: Int
    /// Denoising steps.
    public let steps: Int
    /// Classifier-free guidance; 1: none.
    public let guidanceScale: Float
    /// Seed of sampling and noise.
    public let seed: UInt64
    /// File format of the result.
    public let format: ImageFormat
    /// Of JPEG and WebP, 1 through 100; ignored for PNG.
    public let jpegQuality: Int
    public let sampling: Sampling
    /// From which change of the residual on a denoising step is computed in full; 0: all are. The larger, the faster, and the farther from the
    /// image that is drawn without.
    public let stepCache: Float

    /// The image's grid of codes.
    public var grid: GridSize {
        GridSize(height: height / RequestLimits.sizeMultiple, width: width / RequestLimits.sizeMultiple)
    }

    /// - Throws: for a value outside its limits, and when height, width or seed is nil. The others have defaults.
    public init(_ options: ImageOptions) throws(RequestError) {
        try options.check()
        guard let height = options.height else { throw RequestError("height is not set") }
        guard let width = options.width else { throw RequestError("width is not set") }
        guard let seed = options.seed else { throw RequestError("seed is not set") }
        self.height = height
        self.width = width
        self.seed = seed
        steps = options.steps ?? 50
        guidanceScale = options.guidanceScale ?? 1.5
        format = options.format ?? .png
        jpegQuality = options.jpegQuality ?? 90
        sampling = options.sampling ?? Sampling()
        stepCache = options.stepCache ?? 0
    }

    /// The same values, all set.
    public var options: ImageOptions {
        ImageOptions(
            height: height, width: width, steps: steps, guidanceScale: guidanceScale, seed: seed, format: format, jpegQuality: jpegQuality,
            sampling: sampling, stepCache: stepCache)
    }
}

/// What the diffusion stage computes: an image from its codes.
public struct RenderRequest: Sendable, Hashable {
    /// Read for its quoted strings only: they are the text to render.
    public let prompt: String
    public let parameters: ImageParameters
    /// The image as the text stage wrote it.
    public let target: CodeGrid
    /// In the order of the request; empty for text to image.
    public let sources: [SourceImage]
    /// `AI生成` is drawn into a corner of the image before it is encoded.
    public let explicitLabel: Bool
    /// Smaller images that are wanted on the way.
    public let partialImages: Int

    /// - Throws: for an empty or too long prompt, too many sources or partial images, and a target of another size than the image.
    public init(
        prompt: String, parameters: ImageParameters, target: CodeGrid, sources: [SourceImage] = [], explicitLabel: Bool = false,
        partialImages: Int = 0
    ) throws(RequestError) {
        try RequestLimits.checkPrompt(prompt)
        try RequestLimits.checkSourceCount(sources.count)
        try RequestLimits.checkPartialImages(partialImages)
        let grid = parameters.grid
        guard target.size == grid else {
            throw RequestError(
                "target is \(target.height) × \(target.width) codes; a picture of \(parameters.height) × \(parameters.width) pixels has "
                    + "\(grid.height) × \(grid.width)")
        }
        self.prompt = prompt
        self.parameters = parameters
        self.target = target
        self.sources = sources
        self.explicitLabel = explicitLabel
        self.partialImages = partialImages
    }
}

/// A source image of an edit, with the codes that the vision stage computed from it.
public struct SourceImage: Sendable, Hashable {
    /// A PNG, JPEG or WebP file.
    public let image: [UInt8]
    public let codes: CodeGrid

    /// - Throws: for a file that begins as no format of ``ImageFormat``.
    public init(image: [UInt8], codes: CodeGrid) throws(RequestError) {
        try RequestLimits.checkImageFile(image, "image")
        self.image = image
        self.codes = codes
    }
}

/// What the diffusion stage answers.
public struct RenderedImage: Sendable, Hashable {
    /// A file of this format.
    public var image: [UInt8]
    public var format: ImageFormat
    /// Pixels.
    public var height: Int
    /// Pixels.
    public var width: Int
    public var timings: [Timing]
    /// Steps that were computed in full, on one side of guidance at least.
    public var fullSteps: Int

    public init(
        image: [UInt8] = [], format: ImageFormat = .png, height: Int = 0, width: Int = 0, timings: [Timing] = [], fullSteps: Int = 0
    ) {
        self.image = image
        self.format = format
        self.height = height
        self.width = width
        self.timings = timings
        self.fullSteps = fullSteps
    }
}

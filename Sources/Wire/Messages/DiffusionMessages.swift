import CWire

/// Codes and a prompt to be turned into a picture.
public struct RenderRequest: Sendable, Hashable {
    /// Its quoted strings are the glyphs to draw.
    public var prompt: String
    /// Of the picture, pixels; a multiple of 32.
    public var height: Int
    /// Of the picture, pixels; a multiple of 32.
    public var width: Int
    /// `[height / 32 × width / 32]`
    public var target: CodeGrid
    /// In the order of the request; none: text to image.
    public var sources: [SourcePicture]
    /// Denoising steps; at least 1.
    public var steps: Int
    /// Classifier-free guidance; 1: none.
    public var guidanceScale: Float
    /// Of the noise.
    public var seed: UInt64
    /// Of the answer.
    public var format: ImageFormat
    /// 1 … 100; 0: 90; ignored for PNG.
    public var jpegQuality: Int

    public init(
        prompt: String, height: Int, width: Int, target: CodeGrid, sources: [SourcePicture] = [], steps: Int, guidanceScale: Float,
        seed: UInt64, format: ImageFormat = .png, jpegQuality: Int = 0
    ) {
        self.prompt = prompt
        self.height = height
        self.width = width
        self.target = target
        self.sources = sources
        self.steps = steps
        self.guidanceScale = guidanceScale
        self.seed = seed
        self.format = format
        self.jpegQuality = jpegQuality
    }
}

extension RenderRequest: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__RenderRequest>) { glm__v1__render_request__init(c) }

    func fill(_ c: inout Glm__V1__RenderRequest, _ arena: Arena) throws(WireError) {
        c.prompt = try arena.text(prompt, "prompt")
        c.height = try UInt32(wire: height, "height")
        c.width = try UInt32(wire: width, "width")
        c.target = try arena.message(target)
        c.n_sources = sources.count
        c.sources = try arena.messages(sources)
        c.steps = try UInt32(wire: steps, "steps")
        c.guidance_scale = guidanceScale
        c.seed = seed
        c.format = format.c
        c.jpeg_quality = try UInt32(wire: jpegQuality, "jpeg_quality")
    }

    init(_ c: Glm__V1__RenderRequest) throws(WireError) {
        self.init(
            prompt: try text(c.prompt, "prompt"), height: Int(c.height), width: Int(c.width), target: try message(c.target, "target"),
            sources: try messages(c.n_sources, c.sources), steps: Int(c.steps), guidanceScale: c.guidance_scale, seed: c.seed,
            format: try ImageFormat(c.format), jpegQuality: Int(c.jpeg_quality))
    }
}

/// A source picture with the codes that vision made of it.
public struct SourcePicture: Sendable, Hashable {
    /// A PNG or JPEG file.
    public var image: [UInt8]
    /// Vision's codes of the same file.
    public var codes: CodeGrid

    public init(image: [UInt8], codes: CodeGrid) {
        self.image = image
        self.codes = codes
    }
}

extension SourcePicture: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__SourcePicture>) { glm__v1__source_picture__init(c) }

    func fill(_ c: inout Glm__V1__SourcePicture, _ arena: Arena) throws(WireError) {
        c.image = arena.bytes(image)
        c.codes = try arena.message(codes)
    }

    init(_ c: Glm__V1__SourcePicture) throws(WireError) {
        self.init(image: bytes(c.image), codes: try message(c.codes, "codes"))
    }
}

/// What the diffusion stage streams: one event per step, then the picture.
public enum RenderEvent: Sendable, Hashable {
    case step(RenderStep)
    case result(RenderedImage)
}

extension RenderEvent: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__RenderEvent>) { glm__v1__render_event__init(c) }

    func fill(_ c: inout Glm__V1__RenderEvent, _ arena: Arena) throws(WireError) {
        switch self {
        case .step(let step):
            c.event_case = GLM__V1__RENDER_EVENT__EVENT_STEP
            c.step = try arena.message(step)
        case .result(let result):
            c.event_case = GLM__V1__RENDER_EVENT__EVENT_RESULT
            c.result = try arena.message(result)
        }
    }

    init(_ c: Glm__V1__RenderEvent) throws(WireError) {
        switch c.event_case {
        case GLM__V1__RENDER_EVENT__EVENT_STEP: self = .step(try message(c.step, "step"))
        case GLM__V1__RENDER_EVENT__EVENT_RESULT: self = .result(try message(c.result, "result"))
        default: throw WireError(.malformed, "\(Self.name): event is not set")
        }
    }
}

/// How far the denoising is.
public struct RenderStep: Sendable, Hashable {
    /// Steps done, from 1.
    public var step: Int
    /// Steps in all.
    public var steps: Int

    public init(step: Int, steps: Int) {
        self.step = step
        self.steps = steps
    }
}

extension RenderStep: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__RenderStep>) { glm__v1__render_step__init(c) }

    func fill(_ c: inout Glm__V1__RenderStep, _ arena: Arena) throws(WireError) {
        c.step = try UInt32(wire: step, "step")
        c.steps = try UInt32(wire: steps, "steps")
    }

    init(_ c: Glm__V1__RenderStep) throws(WireError) {
        self.init(step: Int(c.step), steps: Int(c.steps))
    }
}

/// The picture.
public struct RenderedImage: Sendable, Hashable {
    /// A file in the format asked for.
    public var image: [UInt8]
    public var format: ImageFormat
    /// Pixels.
    public var height: Int
    /// Pixels.
    public var width: Int
    /// Of the stage, in order.
    public var timings: [Timing]

    public init(image: [UInt8], format: ImageFormat, height: Int, width: Int, timings: [Timing] = []) {
        self.image = image
        self.format = format
        self.height = height
        self.width = width
        self.timings = timings
    }
}

extension RenderedImage: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__RenderedImage>) { glm__v1__rendered_image__init(c) }

    func fill(_ c: inout Glm__V1__RenderedImage, _ arena: Arena) throws(WireError) {
        c.image = arena.bytes(image)
        c.format = format.c
        c.height = try UInt32(wire: height, "height")
        c.width = try UInt32(wire: width, "width")
        c.n_timings = timings.count
        c.timings = try arena.messages(timings)
    }

    init(_ c: Glm__V1__RenderedImage) throws(WireError) {
        self.init(
            image: bytes(c.image), format: try ImageFormat(c.format), height: Int(c.height), width: Int(c.width),
            timings: try messages(c.n_timings, c.timings))
    }
}

import CWire

/// Asks for a picture. What is nil is filled in by the gateway and told in ``Accepted``.
public struct GenerateImageRequest: Sendable, Hashable {
    public var prompt: String
    /// Source pictures, each a PNG or JPEG file; none: text to image.
    public var images: [[UInt8]]
    /// Pixels, a multiple of 32.
    public var height: Int?
    /// Pixels, a multiple of 32.
    public var width: Int?
    /// Denoising steps.
    public var steps: Int?
    /// Classifier-free guidance; 1: none.
    public var guidanceScale: Float?
    /// Of sampling and noise; nil: drawn by the gateway.
    public var seed: UInt64?
    /// Of the answer.
    public var format: ImageFormat
    /// 1 … 100; 0: 90; ignored for PNG.
    public var jpegQuality: Int
    /// Of the codes; nil: the checkpoint's own.
    public var sampling: Sampling?

    public init(
        prompt: String, images: [[UInt8]] = [], height: Int? = nil, width: Int? = nil, steps: Int? = nil, guidanceScale: Float? = nil,
        seed: UInt64? = nil, format: ImageFormat = .png, jpegQuality: Int = 0, sampling: Sampling? = nil
    ) {
        self.prompt = prompt
        self.images = images
        self.height = height
        self.width = width
        self.steps = steps
        self.guidanceScale = guidanceScale
        self.seed = seed
        self.format = format
        self.jpegQuality = jpegQuality
        self.sampling = sampling
    }
}

extension GenerateImageRequest: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__GenerateImageRequest>) { glm__v1__generate_image_request__init(c) }

    func fill(_ c: inout Glm__V1__GenerateImageRequest, _ arena: Arena) throws(WireError) {
        c.prompt = try arena.text(prompt, "prompt")
        c.n_images = images.count
        c.images = arena.bytes(images)
        if let height {
            c.height_opt_case = GLM__V1__GENERATE_IMAGE_REQUEST__HEIGHT_OPT_HEIGHT
            c.height = try UInt32(wire: height, "height")
        }
        if let width {
            c.width_opt_case = GLM__V1__GENERATE_IMAGE_REQUEST__WIDTH_OPT_WIDTH
            c.width = try UInt32(wire: width, "width")
        }
        if let steps {
            c.steps_opt_case = GLM__V1__GENERATE_IMAGE_REQUEST__STEPS_OPT_STEPS
            c.steps = try UInt32(wire: steps, "steps")
        }
        if let guidanceScale {
            c.guidance_scale_opt_case = GLM__V1__GENERATE_IMAGE_REQUEST__GUIDANCE_SCALE_OPT_GUIDANCE_SCALE
            c.guidance_scale = guidanceScale
        }
        if let seed {
            c.seed_opt_case = GLM__V1__GENERATE_IMAGE_REQUEST__SEED_OPT_SEED
            c.seed = seed
        }
        c.format = format.c
        c.jpeg_quality = try UInt32(wire: jpegQuality, "jpeg_quality")
        c.sampling = try arena.message(ifSet: sampling)
    }

    init(_ c: Glm__V1__GenerateImageRequest) throws(WireError) {
        self.init(
            prompt: try text(c.prompt, "prompt"), images: bytes(c.n_images, c.images),
            height: c.height_opt_case.rawValue == 0 ? nil : Int(c.height),
            width: c.width_opt_case.rawValue == 0 ? nil : Int(c.width),
            steps: c.steps_opt_case.rawValue == 0 ? nil : Int(c.steps),
            guidanceScale: c.guidance_scale_opt_case.rawValue == 0 ? nil : c.guidance_scale,
            seed: c.seed_opt_case.rawValue == 0 ? nil : c.seed,
            format: try ImageFormat(c.format), jpegQuality: Int(c.jpeg_quality), sampling: try message(c.sampling))
    }
}

/// What the gateway streams: accepted, progress, then the picture.
public enum GenerateImageEvent: Sendable, Hashable {
    case accepted(Accepted)
    case progress(Progress)
    case image(GeneratedImage)
}

extension GenerateImageEvent: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__GenerateImageEvent>) { glm__v1__generate_image_event__init(c) }

    func fill(_ c: inout Glm__V1__GenerateImageEvent, _ arena: Arena) throws(WireError) {
        switch self {
        case .accepted(let accepted):
            c.event_case = GLM__V1__GENERATE_IMAGE_EVENT__EVENT_ACCEPTED
            c.accepted = try arena.message(accepted)
        case .progress(let progress):
            c.event_case = GLM__V1__GENERATE_IMAGE_EVENT__EVENT_PROGRESS
            c.progress = try arena.message(progress)
        case .image(let image):
            c.event_case = GLM__V1__GENERATE_IMAGE_EVENT__EVENT_IMAGE
            c.image = try arena.message(image)
        }
    }

    init(_ c: Glm__V1__GenerateImageEvent) throws(WireError) {
        switch c.event_case {
        case GLM__V1__GENERATE_IMAGE_EVENT__EVENT_ACCEPTED: self = .accepted(try message(c.accepted, "accepted"))
        case GLM__V1__GENERATE_IMAGE_EVENT__EVENT_PROGRESS: self = .progress(try message(c.progress, "progress"))
        case GLM__V1__GENERATE_IMAGE_EVENT__EVENT_IMAGE: self = .image(try message(c.image, "image"))
        default: throw WireError(.malformed, "\(Self.name): event is not set")
        }
    }
}

/// The request as it will be computed: every default filled in.
public struct Accepted: Sendable, Hashable {
    /// In the log lines of all processes.
    public var requestID: String
    /// Pixels.
    public var height: Int
    /// Pixels.
    public var width: Int
    /// Denoising steps.
    public var steps: Int
    public var guidanceScale: Float
    /// Of sampling and noise.
    public var seed: UInt64
    public var format: ImageFormat
    /// As asked for.
    public var sampling: Sampling?
    /// Source pictures.
    public var sources: Int
    /// Last component of the model's folder.
    public var modelName: String
    /// Hexadecimal.
    public var modelFingerprint: String

    public init(
        requestID: String, height: Int, width: Int, steps: Int, guidanceScale: Float, seed: UInt64, format: ImageFormat,
        sampling: Sampling?, sources: Int, modelName: String, modelFingerprint: String
    ) {
        self.requestID = requestID
        self.height = height
        self.width = width
        self.steps = steps
        self.guidanceScale = guidanceScale
        self.seed = seed
        self.format = format
        self.sampling = sampling
        self.sources = sources
        self.modelName = modelName
        self.modelFingerprint = modelFingerprint
    }
}

extension Accepted: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__Accepted>) { glm__v1__accepted__init(c) }

    func fill(_ c: inout Glm__V1__Accepted, _ arena: Arena) throws(WireError) {
        c.request_id = try arena.text(requestID, "request_id")
        c.height = try UInt32(wire: height, "height")
        c.width = try UInt32(wire: width, "width")
        c.steps = try UInt32(wire: steps, "steps")
        c.guidance_scale = guidanceScale
        c.seed = seed
        c.format = format.c
        c.sampling = try arena.message(ifSet: sampling)
        c.sources = try UInt32(wire: sources, "sources")
        c.model_name = try arena.text(modelName, "model_name")
        c.model_fingerprint = try arena.text(modelFingerprint, "model_fingerprint")
    }

    init(_ c: Glm__V1__Accepted) throws(WireError) {
        self.init(
            requestID: try text(c.request_id, "request_id"), height: Int(c.height), width: Int(c.width), steps: Int(c.steps),
            guidanceScale: c.guidance_scale, seed: c.seed, format: try ImageFormat(c.format), sampling: try message(c.sampling),
            sources: Int(c.sources), modelName: try text(c.model_name, "model_name"),
            modelFingerprint: try text(c.model_fingerprint, "model_fingerprint"))
    }
}

/// How far a stage is.
public struct Progress: Sendable, Hashable {
    /// `vision`, `text` or `diffusion`.
    public var stage: String
    /// Pictures, tokens or steps done in this stage.
    public var done: Int
    /// Of how many.
    public var total: Int

    public init(stage: String, done: Int, total: Int) {
        self.stage = stage
        self.done = done
        self.total = total
    }
}

extension Progress: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__Progress>) { glm__v1__progress__init(c) }

    func fill(_ c: inout Glm__V1__Progress, _ arena: Arena) throws(WireError) {
        c.stage = try arena.text(stage, "stage")
        c.done = try UInt32(wire: done, "done")
        c.total = try UInt32(wire: total, "total")
    }

    init(_ c: Glm__V1__Progress) throws(WireError) {
        self.init(stage: try text(c.stage, "stage"), done: Int(c.done), total: Int(c.total))
    }
}

/// A picture, and everything that made it.
public struct GeneratedImage: Sendable, Hashable {
    /// A file in the format asked for.
    public var image: [UInt8]
    public var format: ImageFormat
    /// Pixels.
    public var height: Int
    /// Pixels.
    public var width: Int
    /// Denoising steps.
    public var steps: Int
    public var guidanceScale: Float
    /// Of sampling and noise.
    public var seed: UInt64
    /// Hexadecimal.
    public var modelFingerprint: String
    /// Version of the program.
    public var build: String
    /// In the order of the work.
    public var timings: [StageTiming]

    public init(
        image: [UInt8], format: ImageFormat, height: Int, width: Int, steps: Int, guidanceScale: Float, seed: UInt64,
        modelFingerprint: String, build: String, timings: [StageTiming] = []
    ) {
        self.image = image
        self.format = format
        self.height = height
        self.width = width
        self.steps = steps
        self.guidanceScale = guidanceScale
        self.seed = seed
        self.modelFingerprint = modelFingerprint
        self.build = build
        self.timings = timings
    }
}

extension GeneratedImage: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__GeneratedImage>) { glm__v1__generated_image__init(c) }

    func fill(_ c: inout Glm__V1__GeneratedImage, _ arena: Arena) throws(WireError) {
        c.image = arena.bytes(image)
        c.format = format.c
        c.height = try UInt32(wire: height, "height")
        c.width = try UInt32(wire: width, "width")
        c.steps = try UInt32(wire: steps, "steps")
        c.guidance_scale = guidanceScale
        c.seed = seed
        c.model_fingerprint = try arena.text(modelFingerprint, "model_fingerprint")
        c.build = try arena.text(build, "build")
        c.n_timings = timings.count
        c.timings = try arena.messages(timings)
    }

    init(_ c: Glm__V1__GeneratedImage) throws(WireError) {
        self.init(
            image: bytes(c.image), format: try ImageFormat(c.format), height: Int(c.height), width: Int(c.width), steps: Int(c.steps),
            guidanceScale: c.guidance_scale, seed: c.seed, modelFingerprint: try text(c.model_fingerprint, "model_fingerprint"),
            build: try text(c.build, "build"), timings: try messages(c.n_timings, c.timings))
    }
}

/// How long one phase of one stage took for a picture.
public struct StageTiming: Sendable, Hashable {
    /// Kind of the stage.
    public var stage: String
    /// Which of its kind.
    public var instance: String
    /// As the stage names it.
    public var phase: String
    /// Wall clock, seconds.
    public var seconds: Double

    public init(stage: String, instance: String, phase: String, seconds: Double) {
        self.stage = stage
        self.instance = instance
        self.phase = phase
        self.seconds = seconds
    }
}

extension StageTiming: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__StageTiming>) { glm__v1__stage_timing__init(c) }

    func fill(_ c: inout Glm__V1__StageTiming, _ arena: Arena) throws(WireError) {
        c.stage = try arena.text(stage, "stage")
        c.instance = try arena.text(instance, "instance")
        c.phase = try arena.text(phase, "phase")
        c.seconds = seconds
    }

    init(_ c: Glm__V1__StageTiming) throws(WireError) {
        self.init(
            stage: try text(c.stage, "stage"), instance: try text(c.instance, "instance"), phase: try text(c.phase, "phase"),
            seconds: c.seconds)
    }
}

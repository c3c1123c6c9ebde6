package import Domain
package import Wire

/// What one HTTP request for images asks for: some requests to the gateway that differ in their seeds, and how they are answered.
package struct ImageOrder: Sendable, Hashable {
    package static let counts = 1...10

    /// Without the seed where none was given and one image is wanted.
    package var request: GenerateImageRequest
    package var count: Int
    /// What each image is cropped to; nil: it is drawn as large as it is wanted.
    package var crop: PictureSize?
    /// Of the files that the caller gets.
    package var format: ImageFormat
    /// The answer has links to the files, not the files in base64.
    package var givesLinks: Bool
    package var isStream: Bool
    /// Progress is told in events, not in comments alone.
    package var tellsProgress: Bool
    /// The answer has the times of the stages.
    package var tellsTimings: Bool
    /// `low`, `medium` or `high`.
    package var quality: String
    package var safetyIdentifier: String?
    /// The caller's name for the request; it is told by Z.ai's API.
    package var callersID: String?
    package var withoutEffect: [String]

    /// - Parameters:
    ///   - fields: all of them are read.
    ///   - images: the sources of an edit, in their order; none: an image from text alone.
    ///   - defaults: of the API that the request came by.
    ///   - seed: of the first image where several are wanted and no seed is given.
    package init(
        _ fields: inout Fields, images: [[UInt8]], defaults: ImageDefaults = ImageDefaults(), seed: @autoclosure () -> UInt64
    ) throws(APIError) {
        guard let prompt = try fields.string("prompt") else {
            throw APIError(400, "missing_required_parameter", "prompt is missing", param: "prompt")
        }
        count = try fields.integer("n", in: Self.counts) ?? 1
        isStream = try fields.flag("stream") ?? false
        if isStream, count > 1 { throw .invalid("n", "n \(count) with stream; a stream has one image") }
        let partials = try fields.integer("partial_images", in: RequestLimits.partialImages) ?? 0
        if partials > 0, !isStream { throw .invalid("partial_images", "partial_images \(partials) without stream") }
        tellsProgress = try fields.flag("progress") ?? false
        tellsTimings = try fields.flag("return_stage_metrics") ?? false

        var options = ImageOptions()
        let size = try fields.pictureSize() ?? defaults.size
        options.width = size?.inCells.width
        options.height = size?.inCells.height
        crop = size.flatMap { $0.inCells == $0 ? nil : $0 }

        let named = try fields.choice("quality", ["auto", "low", "medium", "high", "standard", "hd", "xhigh", "max"]) ?? "auto"
        quality = named == "low" || named == "medium" ? named : "high"
        options.steps = try fields.integer("num_inference_steps", in: RequestLimits.steps) ?? ["low": 20, "medium": 30][named]
        options.guidanceScale = try fields.number("guidance_scale")
        options.stepCache = try fields.number("step_cache")
        options.seed = try fields.unsigned("seed")
        if options.seed == nil, count > 1 { options.seed = seed() }
        options.sampling = try fields.sampling()

        givesLinks = try fields.choice("response_format", ["b64_json", "url"]).map { $0 == "url" } ?? (defaults.givesLinks && !isStream)
        if isStream, givesLinks {
            throw APIError(400, "unsupported_value", "response_format \"url\" with stream; events have b64_json", param: "response_format")
        }
        format = ImageFormat(rawValue: try fields.choice("output_format", ImageFormat.allCases.map(\.rawValue)) ?? "png") ?? .png
        let compression = try fields.integer("output_compression", in: 0...100)
        if format == .png, let compression, compression < 100 {
            throw .invalid("output_compression", "output_compression \(compression) with PNG, which loses nothing; at most for jpeg and webp")
        }
        // What is cropped is encoded afterwards.
        options.format = crop == nil ? format : .png
        options.jpegQuality = compression.map { max(1, $0) }

        safetyIdentifier = try fields.string("safety_identifier")
        callersID = try fields.string("request_id")
        let user = try fields.user()
        let explicitLabel = try fields.flag("watermark_enabled")
        try fields.refuseWhatNoModelDoes()
        let model = try fields.string("model") ?? ""
        withoutEffect = fields.withoutEffect
        request = GenerateImageRequest(
            prompt: prompt, images: images, parameters: options, model: model, partialImages: partials,
            explicitLabel: explicitLabel ?? defaults.explicitLabel, user: user)
        try fields.refuseUnknown([
            "steps": "num_inference_steps", "cfg": "guidance_scale", "cfg_scale": "guidance_scale", "num_images": "n", "format": "output_format",
        ])
    }

    /// The gateway's request for one of the images.
    package func request(_ index: Int) -> GenerateImageRequest {
        var request = request
        // Seeds have 32 bits where people type them; a sum beyond 64 goes on at zero.
        if let seed = request.parameters.seed { request.parameters.seed = seed &+ UInt64(index) }
        return request
    }
}

extension Fields {
    /// How codes are sampled; nil: the checkpoint's own way.
    fileprivate mutating func sampling() throws(APIError) -> Sampling? {
        let greedy = try flag("greedy"), temperature = try number("temperature"), topP = try number("top_p"), topK = try integer("top_k")
        guard greedy != nil || temperature != nil || topP != nil || topK != nil else { return nil }
        return Sampling(greedy: greedy ?? false, temperature: temperature, topP: topP, topK: topK)
    }

    /// Fields that clients of other servers send: accepted where they ask for nothing, else refused with the reason.
    fileprivate mutating func refuseWhatNoModelDoes() throws(APIError) {
        try decoration("style", ["vivid", "natural"])
        try decoration("moderation", ["auto", "low"])
        try decoration("input_fidelity", ["high", "low"])
        try decoration("extra_headers")
        if let background = try choice("background", ["auto", "opaque", "transparent"]), background == "transparent" {
            throw APIError(400, "unsupported_value", "background \"transparent\" is not supported; images are opaque", param: "background")
        }
        try unsupported("negative_prompt", "GLM-Image's unconditional side is fixed; say it in prompt")
        try unsupported("cache_dit_params", "step_cache says how far steps may be cached; the rest is fixed")
        for name in ["mask", "mask_image"] { try unsupported(name, "this model edits the whole picture; say in prompt what is to change") }
        for name in [
            "true_cfg_scale", "flow_shift", "generator_device", "lora", "layers", "resolution", "strength", "bot_task", "system_prompt",
            "extra_params", "max_sequence_length", "diffusers_kwargs", "complexity", "frame_count", "frame_duration_ms",
            "svg", "markup", "reference_image",
        ] { try unsupported(name, "the model has no such thing") }
        for name in names.sorted() where name.hasPrefix("vae_use_") || name.hasPrefix("enable_") {
            try unsupported(name, "how stages compute is the operator's choice")
        }
        for name in names.sorted() where name.hasSuffix("_path") { try unsupported(name, "requests name no files of the server") }
    }
}

package import Domain
package import Wire

/// A request as it will be computed: checked, with every default filled in.
package struct ImageRequest: Sendable, Hashable {
    package var requestID: String
    /// Name of the model; empty: the fleet's only one.
    package var model: String
    package var prompt: String
    /// Each a PNG or JPEG file.
    package var images: [[UInt8]]
    /// Pixels.
    package var height, width: Int
    package var steps: Int
    package var guidanceScale: Float
    package var seed: UInt64
    package var format: ImageFormat
    package var jpegQuality: Int
    package var sampling: Sampling?

    package init(
        requestID: String, model: String = "", prompt: String, images: [[UInt8]], height: Int, width: Int, steps: Int, guidanceScale: Float,
        seed: UInt64,
        format: ImageFormat, jpegQuality: Int, sampling: Sampling?
    ) {
        self.requestID = requestID
        self.model = model
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

    package func accepted(_ models: ModelSet) -> Accepted {
        Accepted(
            requestID: requestID, height: height, width: width, steps: steps, guidanceScale: guidanceScale, seed: seed, format: format,
            sampling: sampling, sources: images.count, modelName: models.name, modelFingerprint: models.fingerprint)
    }

    /// What it asks of each kind of stage, in units that cost about the same.
    package var units: [StageKind: Forecast.Units] {
        let megapixels = Double(height * width) / 1_048_576
        var units: [StageKind: Forecast.Units] = [
            .text: Double(height / 32 * (width / 32)),
            .diffusion: megapixels * Double(steps) * (guidanceScale > 1 ? 2 : 1),
        ]
        if !images.isEmpty { units[.vision] = 1 }
        return units
    }
}

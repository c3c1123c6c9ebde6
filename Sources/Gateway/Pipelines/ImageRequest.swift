package import Domain
package import Wire

/// A request as it will be computed: checked, with every default filled in.
package struct ImageRequest: Sendable, Hashable {
    package var requestID: String
    package var pipeline: PipelineID
    /// Name of the model; empty: the fleet's only one.
    package var model: String
    package var prompt: String
    /// Source images, each a PNG, JPEG or WebP file.
    package var images: [[UInt8]]
    package var parameters: ImageParameters
    /// Words that say how it was made are drawn into it.
    package var explicitLabel: Bool
    /// Smaller images that the caller wants on the way, at most.
    package var partialImages: Int

    package init(
        requestID: String, pipeline: PipelineID = .image, model: String = "", prompt: String, images: [[UInt8]] = [], parameters: ImageParameters,
        explicitLabel: Bool = false, partialImages: Int = 0
    ) {
        self.requestID = requestID
        self.pipeline = pipeline
        self.model = model
        self.prompt = prompt
        self.images = images
        self.parameters = parameters
        self.explicitLabel = explicitLabel
        self.partialImages = partialImages
    }

    package func accepted(_ models: ModelSet) -> Accepted {
        Accepted(
            requestID: requestID, parameters: parameters, sources: images.count, modelName: models.name, modelFingerprint: models.fingerprint)
    }

    /// What it asks of each kind of stage, in units that cost about the same.
    package var units: [StageKind: Forecast.Units] {
        var units: [StageKind: Forecast.Units] = [
            .text: Double(parameters.grid.count),
            .diffusion: Self.units(
                height: parameters.height, width: parameters.width, steps: parameters.steps, guidanceScale: parameters.guidanceScale),
        ]
        if !images.isEmpty { units[.vision] = 1 }
        return units
    }

    /// What a rendering asks of a diffusion stage: megapixels that pass through the transformer.
    static func units(height: Int, width: Int, steps: Int, guidanceScale: Float) -> Forecast.Units {
        Double(height * width) / 1_048_576 * Double(steps) * (guidanceScale > 1 ? 2 : 1)
    }
}

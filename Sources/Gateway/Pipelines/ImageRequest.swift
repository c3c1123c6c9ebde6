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

    package init(
        requestID: String, pipeline: PipelineID = .image, model: String = "", prompt: String, images: [[UInt8]] = [], parameters: ImageParameters,
        explicitLabel: Bool = false
    ) {
        self.requestID = requestID
        self.pipeline = pipeline
        self.model = model
        self.prompt = prompt
        self.images = images
        self.parameters = parameters
        self.explicitLabel = explicitLabel
    }

    package func accepted(_ models: ModelSet) -> Accepted {
        Accepted(
            requestID: requestID, parameters: parameters, sources: images.count, modelName: models.name, modelFingerprint: models.fingerprint)
    }

    /// What it asks of each kind of stage, in units that cost about the same.
    package var units: [StageKind: Forecast.Units] {
        let megapixels = Double(parameters.height * parameters.width) / 1_048_576
        var units: [StageKind: Forecast.Units] = [
            .text: Double(parameters.grid.count),
            .diffusion: megapixels * Double(parameters.steps) * (parameters.guidanceScale > 1 ? 2 : 1),
        ]
        if !images.isEmpty { units[.vision] = 1 }
        return units
    }
}

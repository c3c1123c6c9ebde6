import Imaging
public import Domain
package import Wire

/// The gateway's door: what is refused before any stage hears of it, and what takes the place of what was left out.
public struct RequestRules: Sendable, Hashable {
    /// What the fleet's memory is planned for.
    public struct Planned: Sendable, Hashable {
        /// Area of the largest picture.
        public var pixels: Int
        /// Source pictures of one edit.
        public var sources: Int

        public init(pixels: Int = RequestLimits.maximumArea, sources: Int = RequestLimits.sourceImages.upperBound) {
            self.pixels = pixels
            self.sources = sources
        }
    }

    /// Side in pixels of the picture that the model draws best.
    package var defaultSide: Int
    package var planned: Planned

    package init(defaultSide: Int, planned: Planned = Planned()) {
        self.defaultSide = defaultSide
        self.planned = planned
    }

    /// - Parameter seed: for a request without one.
    /// - Throws: INVALID_ARGUMENT with field, limit and value.
    package func validate(_ request: GenerateImageRequest, requestID: String, seed: @autoclosure () -> UInt64) throws(CallError) -> ImageRequest {
        do {
            return try checked(request, requestID: requestID, seed: seed())
        } catch let error as RequestError {
            throw CallError(.invalidArgument, error.message)
        } catch {
            throw CallError(.internalError, "\(error)")
        }
    }

    private func checked(_ request: GenerateImageRequest, requestID: String, seed: UInt64) throws -> ImageRequest {
        guard let pipeline = request.pipeline.isEmpty ? .image : PipelineID(rawValue: request.pipeline) else {
            let known = PipelineID.allCases.map(\.rawValue).joined(separator: ", ")
            throw RequestError("pipeline \"\(request.pipeline)\" is not known; there are: \(known)")
        }
        guard pipeline == .image else { throw RequestError("pipeline \"\(pipeline.rawValue)\" makes no images; ask with Answer") }
        try RequestLimits.checkPrompt(request.prompt)
        try RequestLimits.checkUser(request.user)
        try RequestLimits.checkSourceCount(request.images.count)
        try RequestLimits.checkPartialImages(request.partialImages)
        guard request.images.count <= planned.sources else {
            throw RequestError("\(request.images.count) source images, the fleet is planned for \(planned.sources)")
        }
        var options = request.parameters
        try options.check()
        let headers = try request.images.enumerated().map { index, image in
            do { return try ImageHeader(image) } catch { throw RequestError("images[\(index)]: \(error)") }
        }
        let fitting = headers.first.map { fit(height: $0.height, width: $0.width) } ?? (height: defaultSide, width: defaultSide)
        options.height = options.height ?? fitting.height
        options.width = options.width ?? fitting.width
        options.seed = options.seed ?? seed
        let parameters = try ImageParameters(options)
        let pixels = parameters.height * parameters.width
        guard pixels <= planned.pixels else {
            throw RequestError(
                "width × height \(parameters.width) × \(parameters.height) is \(pixels) pixels, the fleet is planned for \(planned.pixels)")
        }
        return ImageRequest(
            requestID: requestID, pipeline: pipeline, model: request.model, prompt: request.prompt, images: request.images, parameters: parameters,
            partialImages: request.partialImages)
    }

    /// The size of an edit that names none: the source's shape, not enlarged, and no larger than what the model draws best.
    package func fit(height: Int, width: Int) -> (height: Int, width: Int) {
        let multiple = RequestLimits.sizeMultiple
        let area = Double(height) * Double(width), best = Double(defaultSide * defaultSide)
        let scale = min(1, (best / area).squareRoot())
        func snapped(_ side: Int) -> Int {
            let nearest = Int((Double(side) * scale / Double(multiple)).rounded()) * multiple
            return min(max(nearest, multiple), RequestLimits.sides.upperBound)
        }
        return (snapped(height), snapped(width))
    }
}

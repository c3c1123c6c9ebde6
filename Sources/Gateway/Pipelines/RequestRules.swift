import Imaging
public import Domain
package import Wire

/// The gateway's door: what is refused before any stage hears of it, and what takes the place of what was left out.
public struct RequestRules: Sendable, Hashable {
    package static let defaultSteps = 50
    package static let defaultGuidanceScale: Float = 1.5

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
        } catch let error as GLMImageError {
            throw CallError(.invalidArgument, error.message)
        } catch let error as CallError {
            throw error
        } catch {
            throw CallError(.internalError, "\(error)")
        }
    }

    private func checked(_ request: GenerateImageRequest, requestID: String, seed: UInt64) throws -> ImageRequest {
        try RequestLimits.checkPrompt(request.prompt)
        try RequestLimits.checkSourceCount(request.images.count)
        guard request.images.count <= planned.sources else {
            throw CallError(.invalidArgument, "\(request.images.count) source images, the fleet is planned for \(planned.sources)")
        }
        let steps = request.steps ?? Self.defaultSteps
        try RequestLimits.checkSteps(steps)
        let guidanceScale = request.guidanceScale ?? Self.defaultGuidanceScale
        try RequestLimits.checkGuidanceScale(guidanceScale)
        if let sampling = request.sampling {
            try RequestLimits.checkSampling(
                SamplingOverride(greedy: sampling.greedy, temperature: sampling.temperature, topP: sampling.topP, topK: sampling.topK))
        }
        guard (0...100).contains(request.jpegQuality) else {
            throw CallError(.invalidArgument, "jpeg_quality \(request.jpegQuality) is outside 1 through 100 (0: the default)")
        }
        let headers = try request.images.enumerated().map { index, image in
            do { return try ImageHeader(image) } catch { throw CallError(.invalidArgument, "images[\(index)]: \(error)") }
        }
        let fitting = headers.first.map { fit(height: $0.height, width: $0.width) } ?? (height: defaultSide, width: defaultSide)
        let height = request.height ?? fitting.height, width = request.width ?? fitting.width
        try RequestLimits.checkSize(height: height, width: width)
        guard height * width <= planned.pixels else {
            throw CallError(
                .invalidArgument, "width × height \(width) × \(height) is \(width * height) pixels, the fleet is planned for \(planned.pixels)")
        }
        return ImageRequest(
            requestID: requestID, prompt: request.prompt, images: request.images, height: height, width: width, steps: steps,
            guidanceScale: guidanceScale, seed: request.seed ?? seed, format: request.format, jpegQuality: request.jpegQuality,
            sampling: request.sampling)
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

import Wire

/// A request as it will be computed: checked, with every default filled in.
struct Order: Sendable, Hashable {
    var requestID: String
    var prompt: String
    /// Each a PNG or JPEG file.
    var images: [[UInt8]]
    /// Pixels.
    var height, width: Int
    var steps: Int
    var guidanceScale: Float
    var seed: UInt64
    var format: ImageFormat
    var jpegQuality: Int
    var sampling: Sampling?

    func accepted(_ route: Route) -> Accepted {
        Accepted(
            requestID: requestID, height: height, width: width, steps: steps, guidanceScale: guidanceScale, seed: seed, format: format,
            sampling: sampling, sources: images.count, modelName: route.modelName, modelFingerprint: route.modelFingerprint)
    }
}

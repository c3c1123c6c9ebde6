/// What a request may ask for. The same checks stand at every door: client, gateway and stage.
public enum RequestLimits {
    /// Pixels of one grid token; sizes are multiples of it.
    public static let sizeMultiple = 32
    public static let sides = 32...4096
    /// The area of 2048 × 2048, the largest the model was trained for.
    public static let maximumArea = 2048 * 2048
    public static let steps = 1...200
    public static let guidanceScale: ClosedRange<Float> = 0...20
    /// Bytes of UTF-8: some 8,000 tokens.
    public static let promptBytes = 1...32_768
    public static let sourceImages = 0...8
    public static let temperature: ClosedRange<Float> = 0.01...10
    public static let topP: ClosedRange<Float> = 0.001...1
    public static let topK = 1...1_000_000

    public static func checkPrompt(_ prompt: String) throws(GLMImageError) {
        let bytes = prompt.utf8.count
        if bytes == 0 || prompt.allSatisfy(\.isWhitespace) { throw invalid("prompt is empty; write what the picture shows") }
        if bytes > promptBytes.upperBound { throw invalid("prompt has \(bytes) bytes, the limit is \(promptBytes.upperBound)") }
    }

    public static func checkSize(height: Int, width: Int) throws(GLMImageError) {
        for (name, value) in [("height", height), ("width", width)] {
            if !sides.contains(value) { throw invalid("\(name) \(value) is outside \(sides.lowerBound) through \(sides.upperBound) pixels") }
            if value % sizeMultiple != 0 { throw invalid("\(name) \(value) is not a multiple of \(sizeMultiple) pixels") }
        }
        if height * width > maximumArea {
            throw invalid("width × height \(width) × \(height) is \(width * height) pixels, the limit is \(maximumArea)")
        }
    }

    public static func checkSteps(_ value: Int) throws(GLMImageError) {
        if !steps.contains(value) { throw invalid("steps \(value) is outside \(steps.lowerBound) through \(steps.upperBound)") }
    }

    public static func checkGuidanceScale(_ value: Float) throws(GLMImageError) {
        // NaN is in no range.
        if !guidanceScale.contains(value) {
            throw invalid("guidance_scale \(value) is outside \(guidanceScale.lowerBound) through \(guidanceScale.upperBound)")
        }
    }

    public static func checkSourceCount(_ value: Int) throws(GLMImageError) {
        if !sourceImages.contains(value) { throw invalid("\(value) source images, the limit is \(sourceImages.upperBound)") }
    }

    public static func checkSampling(_ sampling: SamplingOverride) throws(GLMImageError) {
        if let value = sampling.temperature, !temperature.contains(value) {
            throw invalid("temperature \(value) is outside \(temperature.lowerBound) through \(temperature.upperBound)")
        }
        if let value = sampling.topP, !topP.contains(value) {
            throw invalid("top_p \(value) is outside \(topP.lowerBound) through \(topP.upperBound)")
        }
        if let value = sampling.topK, !topK.contains(value) {
            throw invalid("top_k \(value) is outside \(topK.lowerBound) through \(topK.upperBound)")
        }
    }

    private static func invalid(_ message: String) -> GLMImageError { GLMImageError(.invalidRequest, message) }
}

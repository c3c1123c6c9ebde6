/// What a request may ask for. Each process that receives a request checks it against these limits once, when it decodes the request.
public enum RequestLimits {
    /// Pixels of one grid cell; sides of images are multiples of it.
    public static let sizeMultiple = 32
    /// Pixels of one side.
    public static let sides = 32...4096
    /// Pixels: 2048 × 2048, the largest area that the model was trained for.
    public static let maximumArea = 2048 * 2048
    public static let steps = 1...200
    public static let guidanceScale: ClosedRange<Float> = 0...20
    public static let jpegQuality = 1...100
    /// 0: all steps are computed in full.
    public static let stepCache: ClosedRange<Float> = 0...1
    /// Bytes of UTF-8: some 8,000 tokens.
    public static let promptBytes = 1...32_768
    public static let sourceImages = 0...8
    /// Smaller images on the way to one.
    public static let partialImages = 0...3
    /// Bytes of UTF-8 of who a request is for.
    public static let userBytes = 0...512
    /// Bytes of one source image's file.
    public static let maximumImageBytes = 64 << 20
    public static let temperature: ClosedRange<Float> = 0.01...10
    public static let topP: ClosedRange<Float> = 0.001...1
    public static let topK = 1...1_000_000

    public static func checkPrompt(_ prompt: String) throws(RequestError) {
        let bytes = prompt.utf8.count
        if bytes == 0 || prompt.allSatisfy(\.isWhitespace) { throw RequestError("prompt is empty; write what the picture shows") }
        if bytes > promptBytes.upperBound { throw RequestError("prompt has \(bytes) bytes, the limit is \(promptBytes.upperBound)") }
    }

    public static func checkUser(_ user: String) throws(RequestError) {
        let bytes = user.utf8.count
        if !userBytes.contains(bytes) { throw RequestError("user has \(bytes) bytes, the limit is \(userBytes.upperBound)") }
    }

    /// - Parameter name: `height` or `width`.
    public static func checkSide(_ name: String, _ value: Int) throws(RequestError) {
        if !sides.contains(value) { throw RequestError("\(name) \(value) is outside \(sides.lowerBound) through \(sides.upperBound) pixels") }
        if value % sizeMultiple != 0 { throw RequestError("\(name) \(value) is not a multiple of \(sizeMultiple) pixels") }
    }

    public static func checkSize(height: Int, width: Int) throws(RequestError) {
        try checkSide("height", height)
        try checkSide("width", width)
        if height * width > maximumArea {
            throw RequestError("width × height \(width) × \(height) is \(width * height) pixels, the limit is \(maximumArea)")
        }
    }

    public static func checkSourceCount(_ value: Int) throws(RequestError) {
        if !sourceImages.contains(value) { throw RequestError("\(value) source images, the limit is \(sourceImages.upperBound)") }
    }

    public static func checkPartialImages(_ value: Int) throws(RequestError) { try check("partial_images", value, in: partialImages) }

    public static func checkStepCache(_ value: Float?) throws(RequestError) { try check("step_cache", value, in: stepCache) }

    /// Refuses a file that is too large, or begins as no format of ``ImageFormat``. The rest of a file is checked where it is decoded.
    /// - Parameter field: names the file to the caller.
    public static func checkImageFile(_ bytes: [UInt8], _ field: String) throws(RequestError) {
        guard bytes.count <= maximumImageBytes else { throw RequestError("\(field) has \(bytes.count) bytes; at most \(maximumImageBytes)") }
        guard ImageFormat(magic: bytes) != nil else { throw RequestError("\(field): \(ForeignFormat.refusal(of: bytes))") }
    }

    /// Refuses a value outside its range. NaN is in no range.
    static func check<Value: Comparable>(_ name: String, _ value: Value?, in range: ClosedRange<Value>) throws(RequestError) {
        if let value, !range.contains(value) {
            throw RequestError("\(name) \(value) is outside \(range.lowerBound) through \(range.upperBound)")
        }
    }
}

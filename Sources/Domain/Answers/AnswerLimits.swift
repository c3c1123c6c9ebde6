/// What a question may ask for. Each process that receives one checks it against these limits once, when it decodes the request.
public enum AnswerLimits {
    public static let messages = 1...256
    /// Bytes of UTF-8 of all messages together.
    public static let textBytes = 1 << 20
    /// Images of all messages together. The context of the model is the narrower limit for large images.
    public static let images = 32
    public static let maxTokens = 1...131_072
    public static let temperature: ClosedRange<Float> = 0...10
    public static let topP: ClosedRange<Float> = 0.001...1
    public static let topK = 1...1_000_000
    public static let minP: ClosedRange<Float> = 0...1
    public static let repetitionPenalty: ClosedRange<Float> = 0.1...10
    /// Of the presence and of the frequency penalty.
    public static let penalty: ClosedRange<Float> = -2...2
    public static let stopStrings = 4
    /// Bytes of UTF-8 of one stop string.
    public static let stopBytes = 256
    public static let alternatives = 0...20
    /// Pixels of the resized image; the model's own limits are within these.
    public static let maximumPixels = 1...100_000_000
}

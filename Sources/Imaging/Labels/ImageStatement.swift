import Domain

/// What a picture's file says of the picture beside its pixels. Anybody can write anything there: nothing of it is proven.
public struct ImageStatement: Sendable, Hashable {
    public let header: ImageHeader
    /// From the XMP packet, else from a PNG's text `AIGC`.
    public let label: AIGCLabel?
    /// IPTC's digital source type as it is written, mostly a URI.
    public let sourceType: String?
    /// The text that Stable Diffusion's web UI and its relatives write into PNG files: the prompt and how the picture was made.
    public let parameters: String?
    /// There is a manifest of C2PA; it is not read.
    public let hasC2PA: Bool

    /// - Throws: as ``ImageHeader``.
    public init(_ bytes: [UInt8]) throws(ImageError) {
        header = try ImageHeader(bytes)
        let metadata = ImageMetadata(bytes, format: header.format)
        let xmp = metadata.xmp ?? []
        label = (XMPText.property("AIGC", in: xmp) ?? metadata.texts["AIGC"]?.text).flatMap(AIGCLabel.init(json:))
        sourceType = XMPText.property("DigitalSourceType", in: xmp)
        parameters = metadata.texts["parameters"]?.text
        hasC2PA = metadata.hasC2PA
    }
}

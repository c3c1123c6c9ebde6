import Domain

/// What a picture's file says of how it was made, as one XMP packet. It is put into a finished file; the pixels are not encoded again.
public struct ImplicitLabel: Sendable, Hashable {
    public let aigc: AIGCLabel
    public let source: DigitalSourceType

    public init(_ aigc: AIGCLabel, source: DigitalSourceType) {
        self.aigc = aigc
        self.source = source
    }

    /// The file with the label in it.
    /// - Parameter file: a PNG, JPEG or lossy WebP file without metadata, as ``RGBImage`` writes them.
    /// - Throws: `malformed` or `unsupportedVariant` for any other file.
    public func added(to file: [UInt8]) throws -> [UInt8] { try Self.add(Array(packet.utf8)[...], to: file) }

    /// `part` with the label of `picture`: for a part of a picture that was encoded anew.
    /// - Parameter part: as in ``added(to:)``.
    public static func carry(from picture: [UInt8], to part: [UInt8]) throws(ImageError) -> [UInt8] {
        guard let packet = ImageMetadata(picture, format: try ImageFormat(of: picture)).xmp else { return part }
        return try add(packet, to: part)
    }

    private static func add(_ packet: ArraySlice<UInt8>, to file: [UInt8]) throws(ImageError) -> [UInt8] {
        switch try ImageFormat(of: file) {
        case .png: try XMPPlace.png(packet, file)
        case .jpeg: try XMPPlace.jpeg(packet, file)
        case .webp: try XMPPlace.webp(packet, file)
        }
    }

    /// The packet as tools that look for such labels expect it.
    private var packet: String {
        get throws {
            """
            <?xpacket begin="\u{FEFF}" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">\
            <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
            <rdf:Description rdf:about="" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/" \
            xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
            <TC260:AIGC>\(XMPText.escaped(try aigc.json))</TC260:AIGC>
            <Iptc4xmpExt:DigitalSourceType>\(source.uri)</Iptc4xmpExt:DigitalSourceType>
            </rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>
            """
        }
    }
}

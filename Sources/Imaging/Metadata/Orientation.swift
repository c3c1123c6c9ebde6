/// How a camera held the picture, by EXIF's tag 0x0112 or XMP's `tiff:Orientation`.
package enum Orientation: Int, Sendable {
    case upright = 1
    case mirrored, upsideDown, mirroredUpsideDown, transposed, turnedLeft, transversed, turnedRight

    /// As PIL decides: XMP counts only if the EXIF data has no such tag. Anything unreadable means upright: a broken tag must not lose
    /// the picture.
    init(_ metadata: ImageMetadata) {
        let value = metadata.exif.flatMap(Self.value(exif:)) ?? metadata.xmp.flatMap(Self.value(xmp:))
        self = value.flatMap(Orientation.init(rawValue:)) ?? .upright
    }

    /// As people say it.
    package var name: String {
        switch self {
        case .upright: "upright"
        case .mirrored: "mirrored"
        case .upsideDown: "upside down"
        case .mirroredUpsideDown: "mirrored and upside down"
        case .transposed: "transposed"
        case .turnedLeft: "turned left"
        case .transversed: "transversed"
        case .turnedRight: "turned right"
        }
    }

    /// Whether rows and columns change places.
    var swapsSides: Bool { rawValue >= Self.transposed.rawValue }

    /// From a TIFF header and its first directory. nil: there is no such tag; 0: one that says nothing.
    private static func value(exif: ArraySlice<UInt8>) -> Int? {
        let name = Array("Exif\0\0".utf8)
        var bytes = exif
        for _ in 0..<2 where bytes.starts(with: name) { bytes = bytes.dropFirst(name.count) }
        return value(tiff: Array(bytes))
    }

    private static func value(tiff bytes: [UInt8]) -> Int? {
        guard let order = bytes.first, order == 0x49 || order == 0x4D, bytes.dropFirst().first == order else { return nil }
        func number(_ position: Int, _ count: Int) -> Int? { bytes.number(at: position, count: count, isLittleEndian: order == 0x49) }
        // Some writers turn the 42 round.
        guard let version = number(2, 2), version == 42 || version == 42 << 8, let directory = number(4, 4), let count = number(directory, 2)
        else { return nil }
        var found: Int?
        for entry in 0..<count {
            let position = directory + 2 + entry * 12
            guard let tag = number(position, 2), let type = number(position + 2, 2), let values = number(position + 4, 4) else { break }
            guard tag == 0x0112 else { continue }
            guard let width = integerBytes[type], values > 0 else {
                found = 0
                continue
            }
            // Values that do not fit into four bytes stand elsewhere.
            guard let place = width * values <= 4 ? position + 8 : number(position + 8, 4) else { continue }
            found = number(place, width) ?? found
        }
        return found
    }

    /// Bytes of a value, for the types of whole numbers that PIL takes.
    private static let integerBytes = [3: 2, 4: 4, 6: 1, 8: 2, 9: 4, 13: 4, 16: 8]

    /// The digit behind the first `tiff:Orientation="` or `tiff:Orientation>`.
    private static func value(xmp: ArraySlice<UInt8>) -> Int? {
        let name = Array("tiff:Orientation".utf8)
        // Packets have some kilobytes; a huge one is not searched to its end.
        var rest = xmp.prefix(1 << 20)
        while let start = rest.firstIndex(of: name[0]) {
            rest = rest[start...]
            if rest.starts(with: name) {
                let behind = rest.dropFirst(name.count)
                let digit =
                    behind.starts(with: "=\"".utf8) ? behind.dropFirst(2).first : behind.starts(with: ">".utf8) ? behind.dropFirst().first : nil
                if let digit, (0x30...0x39).contains(digit) { return Int(digit) - 0x30 }
            }
            rest = rest.dropFirst()
        }
        return nil
    }
}

/// How a camera held the picture, after EXIF's tag 0x0112.
enum Orientation: Int {
    case upright = 1
    case mirrored, upsideDown, mirroredUpsideDown, transposed, turnedLeft, transversed, turnedRight

    /// From the first APP1 segment with EXIF data. Anything unreadable means upright: a broken tag must not lose the picture.
    init(jpeg bytes: [UInt8]) {
        self = .upright
        var position = 2
        while position + 4 <= bytes.count, bytes[position] == 0xFF {
            let marker = bytes[position + 1]
            if marker == 0xFF {  // A fill byte.
                position += 1
                continue
            }
            if marker == 0xDA || marker == 0xD9 { return }  // The picture's data, or the end.
            if marker == 0x01 || (0xD0...0xD8).contains(marker) {  // Markers without a segment.
                position += 2
                continue
            }
            let end = position + 2 + (Int(bytes[position + 2]) << 8 | Int(bytes[position + 3]))
            guard end >= position + 4, end <= bytes.count else { return }
            let segment = bytes[(position + 4)..<end]
            if marker == 0xE1, segment.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0]) {
                self = Orientation(tiff: segment.dropFirst(6)) ?? .upright
                return
            }
            position = end
        }
    }

    /// From the eXIf chunk.
    init(png bytes: [UInt8]) {
        self = .upright
        var position = 8
        while position + 12 <= bytes.count {
            let length = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
            let data = position + 8
            guard length <= bytes.count - data - 4 else { return }
            if bytes[(position + 4)..<data].elementsEqual("eXIf".utf8) {
                self = Orientation(tiff: bytes[data..<data + length]) ?? .upright
                return
            }
            position = data + length + 4
        }
    }

    /// From a TIFF header and its first directory.
    private init?(tiff: ArraySlice<UInt8>) {
        let bytes = Array(tiff)
        guard bytes.count >= 8 else { return nil }
        let isLittleEndian = bytes[0] == 0x49
        func number(_ position: Int, _ count: Int) -> Int? {
            guard position >= 0, position + count <= bytes.count else { return nil }
            let digits = bytes[position..<position + count]
            return isLittleEndian ? digits.reversed().reduce(0) { $0 << 8 | Int($1) } : digits.reduce(0) { $0 << 8 | Int($1) }
        }
        guard bytes[0] == bytes[1], isLittleEndian || bytes[0] == 0x4D, number(2, 2) == 42, let directory = number(4, 4),
            let count = number(directory, 2)
        else { return nil }
        for entry in 0..<count {
            let position = directory + 2 + entry * 12
            guard let tag = number(position, 2), let type = number(position + 2, 2) else { return nil }
            if tag == 0x0112 {
                let width =
                    switch type {
                    case 1: 1
                    case 3: 2
                    case 4: 4
                    default: 0
                    }
                guard width > 0, let value = number(position + 8, width) else { return nil }
                self.init(rawValue: value)
                return
            }
        }
        return nil
    }
}

extension RGBImage {
    /// The picture as it was meant to be seen.
    func upright(_ orientation: Orientation) -> RGBImage {
        let (w, h) = (width, height)
        return switch orientation {
        case .upright: self
        case .mirrored: rearranged(width: w, height: h) { x, y in (w - 1 - x, y) }
        case .upsideDown: rearranged(width: w, height: h) { x, y in (w - 1 - x, h - 1 - y) }
        case .mirroredUpsideDown: rearranged(width: w, height: h) { x, y in (x, h - 1 - y) }
        case .transposed: rearranged(width: h, height: w) { x, y in (y, x) }
        case .turnedLeft: rearranged(width: h, height: w) { x, y in (y, h - 1 - x) }
        case .transversed: rearranged(width: h, height: w) { x, y in (w - 1 - y, h - 1 - x) }
        case .turnedRight: rearranged(width: h, height: w) { x, y in (w - 1 - y, x) }
        }
    }

    /// A picture whose pixel at (x, y) is this one's at `source(x, y)`.
    private func rearranged(width newWidth: Int, height newHeight: Int, _ source: (Int, Int) -> (Int, Int)) -> RGBImage {
        let moved = [UInt8](unsafeUninitializedCapacity: pixels.count) { target, count in
            pixels.withUnsafeBufferPointer { pixels in
                var position = 0
                for y in 0..<newHeight {
                    for x in 0..<newWidth {
                        let (sourceX, sourceY) = source(x, y)
                        let from = (sourceY * width + sourceX) * 3
                        for channel in 0..<3 { target[position + channel] = pixels[from + channel] }
                        position += 3
                    }
                }
            }
            count = pixels.count
        }
        return RGBImage(width: newWidth, height: newHeight, pixels: moved)
    }
}

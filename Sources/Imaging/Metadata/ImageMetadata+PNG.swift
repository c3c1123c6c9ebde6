extension ImageMetadata {
    /// From the eXIf chunk, else from the text chunks that were used before it was defined; before or behind the pixels. Of several
    /// the last counts. (PIL does not know APP1 profiles; ImageMagick writes them.)
    mutating func readPNG(_ bytes: [UInt8]) {
        let rawProfiles = ["Raw profile type exif", "Raw profile type APP1"]
        let xmpKeyword = "XML:com.adobe.xmp"
        let keywords = Set(rawProfiles + [xmpKeyword, "parameters", "AIGC"])
        var position = 8
        while let length = bytes.number(at: position, count: 4), length <= bytes.count - position - 12 {
            let type = bytes[(position + 4)..<(position + 8)]
            let data = bytes[(position + 8)..<(position + 8 + length)]
            if type.elementsEqual("IEND".utf8) { break }
            if type.elementsEqual("eXIf".utf8) {
                exif = data
            } else if type.elementsEqual("caBX".utf8) {
                hasC2PA = true
            } else if let kind = PNGText.Kind(type), let text = PNGText(kind, data), keywords.contains(text.keyword) {
                texts[text.keyword] = text
            }
            position += length + 12
        }
        exif = exif ?? rawProfiles.lazy.compactMap { [texts] in texts[$0]?.value }.first.flatMap(Self.rawProfile)
        xmp = texts[xmpKeyword]?.value
    }

    /// The bytes of `"\nexif\n    1234\n45786966…"`: a name and a length, each on a line, then hexadecimal digits.
    private static func rawProfile(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let lines = text.split(separator: 0x0A, maxSplits: 3, omittingEmptySubsequences: false)
        guard lines.count == 4 else { return nil }
        var bytes: ArraySlice<UInt8> = []
        var high: UInt8?
        for character in lines[3] {
            let digit: UInt8
            switch character {
            case 0x30...0x39: digit = character - 0x30
            case 0x41...0x46: digit = character - 0x41 + 10
            case 0x61...0x66: digit = character - 0x61 + 10
            case 0x09...0x0D, 0x20: continue
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return bytes
    }
}

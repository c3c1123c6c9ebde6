extension ImageMetadata {
    /// From the APP1 segments in front of the pixels. EXIF data may go on in another segment; of XMP the last counts.
    mutating func readJPEG(_ bytes: [UInt8]) {
        var position = 2
        while position + 4 <= bytes.count {
            let marker = bytes[position + 1]
            // Fill bytes, and junk that decoders skip.
            guard bytes[position] == 0xFF, marker != 0xFF, marker != 0 else {
                position += 1
                continue
            }
            if marker == 0xDA { return }  // The pixels.
            if marker == 0x01 || (0xD0...0xD9).contains(marker) {  // Markers without a segment.
                position += 2
                continue
            }
            guard let length = bytes.number(at: position + 2, count: 2), length >= 2, length <= bytes.count - position - 2 else { return }
            let end = position + 2 + length
            if marker == 0xE1 { readAPP1(bytes[(position + 4)..<end]) }
            if marker == 0xEB { readAPP11(bytes[(position + 4)..<end]) }
            position = end
        }
    }

    private mutating func readAPP1(_ segment: ArraySlice<UInt8>) {
        let exifName = Array("Exif\0\0".utf8)
        let xmpName = Array("http://ns.adobe.com/xap/1.0/\0".utf8)
        if segment.starts(with: exifName) {
            exif = exif ?? []
            exif?.append(contentsOf: segment.dropFirst(exifName.count))
        } else if segment.starts(with: xmpName) {
            xmp = segment.dropFirst(xmpName.count)
        }
    }

    /// JUMBF: two letters, numbers of the box and of its piece, then the box, whose description names C2PA.
    private mutating func readAPP11(_ segment: ArraySlice<UInt8>) {
        guard segment.starts(with: "JP".utf8), segment.dropFirst(12).starts(with: "jumb".utf8) else { return }
        hasC2PA = hasC2PA || segment.dropFirst(24).starts(with: "c2pa".utf8)
    }
}

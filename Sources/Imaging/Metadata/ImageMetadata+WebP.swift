extension ImageMetadata {
    /// From the chunks that an extended file announces.
    mutating func readWebP(_ bytes: [UInt8]) {
        guard let size = bytes.number(at: 4, count: 4, isLittleEndian: true), bytes.dropFirst(12).starts(with: "VP8X".utf8), bytes.count > 20
        else { return }
        let (hasEXIF, hasXMP) = (bytes[20] & 0x08 != 0, bytes[20] & 0x04 != 0)
        let file = bytes.prefix(8 + size)
        var position = 12
        while let length = file.number(at: position + 4, count: 4, isLittleEndian: true), length <= file.count - position - 8 {
            let type = file[position..<(position + 4)]
            let data = file[(position + 8)..<(position + 8 + length)]
            if hasEXIF, exif == nil, type.elementsEqual("EXIF".utf8) { exif = data }
            if hasXMP, xmp == nil, type.elementsEqual("XMP ".utf8) { xmp = data }
            if type.elementsEqual("C2PA".utf8) { hasC2PA = true }
            position += 8 + length + length % 2
        }
    }
}

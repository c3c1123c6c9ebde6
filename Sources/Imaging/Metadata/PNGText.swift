import CImageCodecs

/// A text chunk of a PNG file. Its value is decompressed only when it is asked for: a file may have thousands.
struct PNGText {
    enum Kind: String {
        case plain = "tEXt"
        case compressed = "zTXt"
        case international = "iTXt"

        init?(_ type: ArraySlice<UInt8>) { self.init(rawValue: String(decoding: type, as: UTF8.self)) }
    }

    /// Of a decompressed value; PIL's limit.
    private static let maximumBytes = 1 << 20

    let keyword: String
    private let kind: Kind
    /// What follows the keyword.
    private let rest: ArraySlice<UInt8>

    init?(_ kind: Kind, _ data: ArraySlice<UInt8>) {
        // The format allows keywords of 79 bytes.
        guard let end = data.prefix(80).firstIndex(of: 0) else { return nil }
        self.kind = kind
        keyword = String(decoding: data[..<end], as: UTF8.self)
        rest = data[(end + 1)...]
    }

    /// nil for data that can't be decompressed.
    var value: ArraySlice<UInt8>? {
        switch kind {
        case .plain: return rest
        case .compressed: return rest.first == 0 ? Self.inflated(rest.dropFirst()) : nil
        case .international:
            // A flag and a method of compression, a language and a translated keyword.
            guard rest.count >= 2 else { return nil }
            let (isCompressed, method) = (rest[rest.startIndex] != 0, rest[rest.startIndex + 1])
            var text = rest.dropFirst(2)
            for _ in 0..<2 {
                guard let end = text.firstIndex(of: 0) else { return nil }
                text = text[(end + 1)...]
            }
            guard isCompressed else { return text }
            return method == 0 ? Self.inflated(text) : nil
        }
    }

    /// The value as text: UTF-8 of international chunks, else Latin-1. Of a long one the beginning.
    var text: String? {
        guard let bytes = value?.prefix(Self.maximumBytes) else { return nil }
        guard kind != .international else { return String(decoding: bytes, as: UTF8.self) }
        return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }

    private static func inflated(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var code = CInt(GLM_IMAGE_MALFORMED)
        let text = [UInt8](unsafeUninitializedCapacity: maximumBytes) { target, count in
            count = maximumBytes
            code = bytes.withUnsafeBufferPointer { glm_inflate($0.baseAddress, $0.count, target.baseAddress, &count) }
        }
        return code == CInt(GLM_IMAGE_OK) ? text[...] : nil
    }
}

/// A source of an edit, as it stands in the request.
enum ImageSource: Sendable {
    case file([UInt8])
    /// A data URI, base64 or an address, and the field that holds it.
    case reference(field: String, text: String)

    /// The address that must be fetched; nil: none.
    var link: (field: String, text: String)? {
        guard case .reference(let field, let text) = self, ImageReference.isLink(text) else { return nil }
        return (field, text)
    }

    /// What the request has of it: the file, or the text in its place.
    var content: [UInt8] {
        switch self {
        case .file(let bytes): bytes
        case .reference(_, let text): Array(text.utf8)
        }
    }

    func bytes(fetched: [String: [UInt8]]) throws(APIError) -> [UInt8] {
        switch self {
        case .file(let bytes): bytes
        case .reference(let field, let text): try ImageReference.bytes(text, fetched: fetched, field)
        }
    }
}

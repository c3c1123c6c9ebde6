import Domain
import Foundation

/// A picture as requests hold it beside files: a data URI, bare base64, or an address that was fetched before.
enum ImageReference {
    /// - Parameters:
    ///   - fetched: files by their addresses.
    ///   - field: names it to the caller.
    static func bytes(_ text: String, fetched: [String: [UInt8]], _ field: String) throws(APIError) -> [UInt8] {
        if let bytes = fetched[text] { return bytes }
        var encoded = text[...]
        if text.hasPrefix("data:") {
            guard let comma = text.firstIndex(of: ","), text[..<comma].hasSuffix(";base64") else {
                throw APIError(400, "invalid_image_url", "\(field) is no data URI in base64: data:image/png;base64,…", param: field)
            }
            encoded = text[text.index(after: comma)...]
        }
        let most = RequestLimits.maximumImageBytes
        guard encoded.utf8.count / 4 * 3 <= most + 3 else {
            throw APIError(413, "request_too_large", "\(field) has \(encoded.utf8.count / 4 * 3) bytes; at most \(most)", param: field)
        }
        guard let data = Data(base64Encoded: String(encoded)), !data.isEmpty else {
            throw APIError(400, "invalid_image", "\(field) is no base64", param: field)
        }
        return [UInt8](data)
    }

    /// Whether it must be fetched.
    static func isLink(_ text: String) -> Bool {
        let scheme = text.prefix(8).lowercased()
        return scheme.hasPrefix("http:") || scheme.hasPrefix("https:")
    }
}

extension Fields {
    /// Names under which clients send the sources of an edit.
    static let imageNames = ["image", "image[]", "images", "url", "url[]"]

    /// The sources of an edit in JSON, and those of a form that are no files.
    /// - Returns: each with the name that errors give it.
    mutating func imageReferences() throws(APIError) -> [(field: String, text: String)] {
        var references: [(field: String, text: String)] = []
        for name in Self.imageNames {
            guard let value = value(name) else { continue }
            let list: [JSONValue] = if case .array(let list) = value { list } else { [value] }
            for (index, entry) in list.enumerated() {
                let field = list.count > 1 ? "\(name)[\(index)]" : name
                switch entry {
                case .string(let text): references.append((field, text))
                case .object(let object):
                    guard case .string(let text) = object["image_url"] ?? object["url"], object.count == 1 else { fallthrough }
                    references.append((field, text))
                default: throw .invalid(name, "\(field) is \(entry.kind); a data URI is needed")
                }
            }
        }
        return references
    }
}

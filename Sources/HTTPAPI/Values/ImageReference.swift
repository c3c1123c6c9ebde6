import Domain
import Foundation

/// An image inside of JSON: a data URI, or bare base64. Nothing is fetched from anywhere.
enum ImageReference {
    /// - Parameter field: names it to the caller.
    static func bytes(_ text: String, _ field: String) throws(APIError) -> [UInt8] {
        if text.hasPrefix("http:") || text.hasPrefix("https:") {
            throw APIError(400, "invalid_image_url", "\(field): images are not fetched; send the file as a data URI", param: field)
        }
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
}

extension Fields {
    /// The sources of an edit in JSON: one or several.
    mutating func images() throws(APIError) -> [[UInt8]] {
        var images: [[UInt8]] = []
        for name in ["image", "images"] {
            guard let value = value(name) else { continue }
            let list: [JSONValue] = if case .array(let list) = value { list } else { [value] }
            for (index, entry) in list.enumerated() {
                let field = list.count > 1 ? "\(name)[\(index)]" : name
                switch entry {
                case .string(let text): images.append(try ImageReference.bytes(text, field))
                case .object(let object):
                    guard case .string(let text) = object["image_url"] ?? object["url"], object.count == 1 else { fallthrough }
                    images.append(try ImageReference.bytes(text, field))
                default: throw .invalid(name, "\(field) is \(entry.kind); a data URI is needed")
                }
            }
        }
        return images
    }
}

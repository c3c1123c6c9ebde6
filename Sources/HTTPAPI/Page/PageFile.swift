import CPage
import Crypto
import Domain
import Foundation

/// A file of the page that the gateway serves at `/`. The files are in the program.
package struct PageFile: Sendable {
    package let mediaType: String
    package let bytes: [UInt8]
    /// Changes with the bytes.
    package let entityTag: String

    private init(_ mediaType: String, _ file: cpage_file) {
        self.mediaType = mediaType
        bytes = [UInt8](UnsafeBufferPointer(start: file.bytes, count: file.count))
        entityTag = "\"\(SHA256.hash(data: bytes).prefix(16).hexadecimal)\""
    }

    /// By path.
    package static let all = [
        "/": PageFile("text/html; charset=utf-8", cpage_html()),
        "/page.css": PageFile("text/css; charset=utf-8", cpage_style()),
        "/page.js": PageFile("text/javascript; charset=utf-8", cpage_script()),
    ]

    /// Whether a browser that sends `If-None-Match` has these bytes.
    package func isKnown(ifNoneMatch: String?) -> Bool {
        (ifNoneMatch ?? "").split(separator: ",").contains { tag in
            let tag = tag.trimmingCharacters(in: .whitespaces)
            return tag == "*" || tag == entityTag || tag == "W/\(entityTag)"
        }
    }
}

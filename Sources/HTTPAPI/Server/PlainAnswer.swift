package import HTTPTypes
import Hummingbird
import NIOCore

/// An answer in one piece, of status 200.
package struct PlainAnswer: Sendable, Hashable {
    package var headers: HTTPFields
    /// JSON in UTF-8.
    package var body: [UInt8]

    package init(headers: HTTPFields = [:], body: [UInt8]) {
        self.headers = headers
        self.body = body
    }

    init(_ value: JSONValue, headers: HTTPFields) {
        self.init(headers: headers, body: (try? value.encoded()) ?? [])
        self.headers[.contentType] = "application/json"
        self.headers[.cacheControl] = "no-store"
    }

    var response: Response { Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body))) }
}

import HTTPTypes
import Hummingbird
import NIOCore

/// The page at `/`. It is a client of the API like any other: who may read it learns nothing, and may do nothing.
extension HTTPDoor {
    /// What the page may do in a browser: run its own script, call its own server, show pictures that it holds. It sends no form, and is in no
    /// frame of another page.
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:", "connect-src 'self'", "base-uri 'none'",
        "form-action 'none'", "frame-ancestors 'none'",
    ].joined(separator: "; ")

    static func page(_ file: PageFile, _ request: Request) -> Response {
        var headers: HTTPFields = [
            .contentSecurityPolicy: policy, .xContentTypeOptions: "nosniff", .referrerPolicy: "no-referrer", .crossOriginOpenerPolicy: "same-origin",
            // It is asked for each time, and sent when it has changed.
            .cacheControl: "no-cache", .eTag: file.entityTag,
        ]
        if file.isKnown(ifNoneMatch: request.headers[.ifNoneMatch]) { return Response(status: .notModified, headers: headers) }
        headers[.contentType] = file.mediaType
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes)))
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = HTTPField.Name("referrer-policy")!
    fileprivate static let crossOriginOpenerPolicy = HTTPField.Name("cross-origin-opener-policy")!
}

import Foundation
import Hummingbird
import NIOCore

/// What requests hold.
extension HTTPDoor {
    /// The body of a request that must be JSON.
    /// - Parameter limit: bytes.
    func json(_ visit: Visit, limit: Int) async throws -> [UInt8] {
        let type = mediaType(visit.request)
        guard type == "application/json" else {
            throw APIError(415, "unsupported_media_type", "content-type \(type.prefix(64)) is not application/json")
        }
        return try await bytes(visit.request, limit: limit)
    }

    /// The fields and images of an edit: a form, or JSON with the images as data URIs.
    func form(_ visit: Visit) async throws -> (Fields, sources: [ImageSource]) {
        let request = visit.request, type = mediaType(request)
        if type == "application/json" {
            var fields = try Fields(json: JSONValue(parsing: await bytes(request, limit: Self.largestBody)))
            // Before the fields are handed over: they remember what was asked for.
            let references = try fields.imageReferences()
            return (fields, references.map { .reference(field: $0.field, text: $0.text) })
        }
        guard let boundary = MultipartParser.boundary(contentType: request.headers[.contentType] ?? "") else {
            throw APIError(415, "unsupported_media_type", "content-type \(type.prefix(64)) is neither application/json nor multipart/form-data")
        }
        var parser = MultipartParser(boundary: boundary)
        var texts: [(name: String, text: String)] = [], sources: [ImageSource] = []
        try await reader.read(request.body, limit: Self.largestBody, length: request.contentLength) { view throws(APIError) in
            for part in try Self.parts({ () throws(MultipartParser.Failure) in try parser.push(view) }) {
                // Clients name a file `image`, each of several `image[]` or `image`; a mask is named as any other field, and refused.
                switch (part.isFile, Fields.imageNames.contains(part.name)) {
                case (true, true): sources.append(.file(part.bytes))
                case (true, false): texts.append((part.name, "a file"))
                case (false, true): sources.append(.reference(field: part.name, text: String(decoding: part.bytes, as: UTF8.self)))
                case (false, false): texts.append((part.name, String(decoding: part.bytes, as: UTF8.self)))
                }
            }
        }
        _ = try Self.parts { () throws(MultipartParser.Failure) in
            try parser.finish(); return []
        }
        return (try Fields(form: texts), sources)
    }

    private static func parts(_ body: () throws(MultipartParser.Failure) -> [MultipartParser.Part]) throws(APIError) -> [MultipartParser.Part] {
        do { return try body() } catch {
            throw error.kind == .tooLarge ? APIError(413, "request_too_large", error.message) : APIError(400, "invalid_form", error.message)
        }
    }

    private func bytes(_ request: Request, limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(request.contentLength ?? 0, limit))
        try await reader.read(request.body, limit: limit, length: request.contentLength) { bytes += $0 }
        return bytes
    }

    /// Without parameters, in small letters.
    private func mediaType(_ request: Request) -> String {
        (request.headers[.contentType] ?? "").prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
    }
}

extension Request {
    /// Bytes of the body, where the head says so.
    fileprivate var contentLength: Int? { headers[.contentLength].flatMap { Int($0) } }
}

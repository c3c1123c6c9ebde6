import Domain
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Wire

/// `files/{id}/content`: results that were handed out as links.
extension HTTPDoor {
    /// Opens a link for whoever has it, and a file without one for the caller it was made for.
    func file(_ id: String, _ visit: Visit) async throws -> Response {
        let now = Self.now, query = visit.request.uri.queryParameters
        let isLink = try files.checkLink(to: id, end: query["exp"].map(String.init), signature: query["sig"].map(String.init), now: now)
        if let file = files.file(id, now: now), isLink || file.owner == visit.caller.identity { return Self.response(id, file.bytes, file.format) }
        if isLink, let made = try await finishedJob(id, visit) { return Self.response(id, made.image, made.parameters.format) }
        throw APIError(404, "not_found", "there is no such file, or not any more: files are kept for \(LinkSigner.lifetime / 60) minutes at most")
    }

    /// The result of a job, which its link names by the job's own id. The signature is the right to it, whoever has left the job here.
    private func finishedJob(_ id: String, _ visit: Visit) async throws -> GeneratedImage? {
        do {
            return try await jobs?.fetch(JobRequest(id: id), ServerCall(requestID: visit.id, method: visit.call().method))
        } catch let error as CallError where error.status == .notFound {
            return nil
        }
    }

    /// Seconds since 1970.
    static var now: Int { Int(Date().timeIntervalSince1970) }

    private static func response(_ id: String, _ bytes: [UInt8], _ format: ImageFormat) -> Response {
        let headers: HTTPFields = [
            .contentType: format.mediaType, .cacheControl: "private", .xContentTypeOptions: "nosniff",
            .contentDisposition: "inline; filename=\"\(id).\(format.rawValue)\"",
        ]
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

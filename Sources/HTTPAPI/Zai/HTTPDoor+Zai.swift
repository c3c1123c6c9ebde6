import Domain
import Hummingbird
import Wire

/// Z.ai's API of images: its fields are among ours, its defaults are its own, and its calls that nobody waits for are our jobs.
extension HTTPDoor {
    static let zai = "/api/paas/v4"

    /// What Z.ai documents, where the fleet is planned for it.
    private var zaiDefaults: ImageDefaults {
        let size = PictureSize(width: 1280, height: 1280)
        return ImageDefaults(givesLinks: true, size: size.width * size.height <= settings.largestArea ? size : nil, explicitLabel: true)
    }

    func zaiGenerations(_ visit: Visit) async throws -> Response {
        try await images(try await zaiFields(visit), visit, defaults: zaiDefaults)
    }

    /// Stores the request and answers at once.
    func zaiJob(_ visit: Visit) async throws -> Response {
        let fields = try await zaiFields(visit)
        let order = try order(fields, images: [], zaiDefaults)
        guard !order.isStream, order.count == 1 else {
            throw APIError(400, "unsupported_value", "a stored request has one image and no stream", param: order.isStream ? "stream" : "n")
        }
        guard order.givesLinks else {
            throw APIError(400, "unsupported_value", "the result of a stored request is a url", param: "response_format")
        }
        guard order.crop == nil else {
            throw APIError(400, "invalid_value", "the size of a stored request is in steps of \(RequestLimits.sizeMultiple)", param: "size")
        }
        do {
            let job = try await storedJobs.submit(SubmitJobRequest(request: order.request(0)), visit.call())
            return Self.json(
                ZaiResult.submitted(job, model: order.request.model, callersID: order.callersID ?? visit.id),
                headers: visit.headers(withoutEffect: order.withoutEffect, isStream: true))
        } catch let error as CallError {
            throw APIError(error, fields: fields.names)
        }
    }

    func zaiResult(_ id: String, _ visit: Visit) async throws -> Response {
        let job = try await storedJobs.get(JobRequest(id: id), visit.call())
        // Of an image in a bucket, the bucket's own.
        let link = job.state != .done ? nil : job.link.isEmpty ? files.link(to: job.id, now: Self.now) : job.link
        return Self.json(ZaiResult.result(job, link: link, requestID: visit.id))
    }

    private func zaiFields(_ visit: Visit) async throws -> Fields {
        var fields = try Fields(json: JSONValue(parsing: await json(visit, limit: Self.largestText)))
        if let user = try fields.string("user_id"), !(6...128).contains(user.count) {
            throw APIError.invalid("user_id", "user_id has \(user.count) characters; 6 to 128")
        }
        if try fields.flag("watermark_enabled") == false, !visit.caller.mayOmitLabel {
            throw APIError(
                403, "insufficient_permissions", "watermark_enabled false takes a key with the scope label:off", param: "watermark_enabled")
        }
        return fields
    }

    private var storedJobs: any JobsHandler {
        get throws(APIError) {
            guard let jobs else { throw APIError(404, "unknown_url", "this gateway stores no requests; use images/generations") }
            return jobs
        }
    }
}

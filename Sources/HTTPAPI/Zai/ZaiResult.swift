import Wire

/// A job in Z.ai's words.
enum ZaiResult {
    static func submitted(_ job: Job, model: String, callersID: String) -> JSONValue {
        ["id": .string(job.id), "request_id": .string(callersID), "model": .string(model), "task_status": .string(status(job.state))]
    }

    /// - Parameter link: to the image of a job that is done.
    static func result(_ job: Job, link: String?, requestID: String) -> JSONValue {
        var body: [String: JSONValue] = [
            "id": .string(job.id), "request_id": .string(requestID), "task_status": .string(status(job.state)),
        ]
        if let link { body["image_result"] = [["url": .string(link)]] }
        if let failure = job.failure { body["error"] = .object(APIError(failure).object) }
        return .object(body)
    }

    private static func status(_ state: JobState) -> String {
        switch state {
        case .done: "SUCCESS"
        case .failed, .cancelled: "FAIL"
        default: "PROCESSING"
        }
    }
}

import Domain
import Foundation
import HTTPAPI
import Keys
import Logging
import Testing
import Wire

@Suite struct APIErrorTests {
    @Test(
        "each of the gateway's refusals has its status and code",
        arguments: [
            (.invalidArgument, 400, "invalid_value"), (.unauthenticated, 401, "invalid_api_key"),
            (.permissionDenied, 403, "insufficient_permissions"), (.notFound, 404, "not_found"),
            (.failedPrecondition, 404, "model_not_found"), (.resourceExhausted, 429, "queue_full"), (.unavailable, 503, "unavailable"),
            (.deadlineExceeded, 504, "deadline_exceeded"), (.aborted, 500, "aborted"), (.internalError, 500, "internal_error"),
            (.unknown, 500, "internal_error"),
        ] as [(CallStatus, Int, String)])
    func statuses(status: CallStatus, http: Int, code: String) {
        let error = APIError(CallError(status, "why"))
        #expect(error.status == http && error.code == code)
        #expect(error.type == (http == 429 ? "rate_limit_error" : http >= 500 ? "server_error" : "invalid_request_error"))
    }

    @Test("what failed inside is not told to strangers")
    func inside() {
        #expect(!APIError(CallError(.internalError, "/secret/path at 0x7f")).message.contains("secret"))
        struct Other: Error {}
        #expect(APIError(any: Other()).code == "internal_error")
    }

    @Test("a refusal names the caller's own field")
    func params() {
        let fields: Set = ["num_inference_steps", "image", "prompt"]
        #expect(APIError(CallError(.invalidArgument, "steps 300 is outside 1 through 200"), fields: fields).param == "num_inference_steps")
        #expect(APIError(CallError(.invalidArgument, "prompt is empty"), fields: fields).param == "prompt")
        let image = APIError(CallError(.invalidArgument, "images[0]: no picture"), fields: fields)
        #expect(image.param == "image" && image.code == "invalid_image")
        #expect(APIError(CallError(.invalidArgument, "something else"), fields: fields).param == nil)
    }

    @Test("a wait that clients honour is told in seconds, rounded up, and milliseconds; a longer one is said to be no use; a dead deadline too")
    func hints() {
        func headers(_ error: APIError) -> [String: String] { Dictionary(uniqueKeysWithValues: error.headers.map { ($0.name, $0.value) }) }
        #expect(
            headers(APIError(CallError(.resourceExhausted, "", retryAfter: .milliseconds(1500)))) == ["retry-after": "2", "retry-after-ms": "1500"])
        #expect(headers(APIError(CallError(.resourceExhausted, "", retryAfter: .seconds(61)))) == ["x-should-retry": "false"])
        #expect(headers(APIError(CallError(.deadlineExceeded, ""))) == ["x-should-retry": "false"])
        #expect(headers(APIError(CallError(.invalidArgument, ""))).isEmpty)
        #expect(headers(APIError(CallError(.unauthenticated, ""))) == ["www-authenticate": "Bearer"])
    }

    @Test("a key that asks too often is told when to ask again; one whose day is used up, that it is no use")
    func usage() async throws {
        let usage = KeyUsage(
            folder: FileManager.default.temporaryDirectory.path + "/none", logger: Logger(label: "") { _ in SwiftLogNoOpLogHandler() })
        let hurried = Grant(name: "a", scopes: [.images], perMinute: 30), spent = Grant(name: "b", scopes: [.images], quota: 1)
        for (grant, code, headers) in [
            (hurried, "rate_limit_exceeded", ["retry-after": "2", "retry-after-ms": "2000"]),
            (spent, "insufficient_quota", ["x-should-retry": "false"]),
        ] {
            let now = ContinuousClock.now
            let refusal = await #expect(throws: UsageRefusal.self) { while true { _ = try await usage.take(1, grant, at: now, on: .now) } }
            let error = APIError(any: try #require(refusal))
            #expect(error.status == 429 && error.type == "rate_limit_error" && error.code == code)
            #expect(Dictionary(uniqueKeysWithValues: error.headers.map { ($0.name, $0.value) }) == headers)
        }
    }

    @Test("a plain answer that is forecast to take longer than its client waits is refused with the way out, and not asked for again")
    func forecast() {
        let error = APIError(CallError(.deadlineExceeded, "the deadline can't be met", retryAfter: .seconds(5)))
        #expect(error.status == 429 && error.code == "queue_full" && error.message == "the deadline can't be met; use stream: true")
        #expect(error.headers.map(\.name) == ["x-should-retry"] && error.headers.map(\.value) == ["false"])
    }
}

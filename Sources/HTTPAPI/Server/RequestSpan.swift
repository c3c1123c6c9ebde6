import Hummingbird
import HTTPTypes
import Traces
import Tracing
import Wire

/// The span of one HTTP request, from its head to the last byte of its answer.
struct RequestSpan: Sendable {
    private let span: any Span

    /// The work on the request belongs to it.
    var context: ServiceContext { span.context }

    init(_ request: Request, id: String) {
        var context = ServiceContext.topLevel
        TraceContextPropagator().extract(request.headers, into: &context, using: TraceHeaders())
        context.requestID = id
        // What strangers ask for is no name: they would make as many as they like.
        span = startSpan("HTTP", context: context, ofKind: .server)
        span.attributes["glm.request"] = id
    }

    /// Its path is served.
    func found(_ request: Request) {
        let method = request.method.rawValue, path = request.uri.path
        let route = Self.collections.first { path.hasPrefix($0) }.map { $0 + "{id}" } ?? path
        span.operationName = "\(method) \(route)"
        span.updateAttributes {
            $0["http.request.method"] = method
            $0["http.route"] = route
        }
    }

    /// Paths that go on with a name of a model, a file or a job.
    private static let collections = ["/v1/models/", "/v1/files/", "/api/paas/v4/async-result/"]

    /// - Returns: the response, with which the span ends when all of it is written.
    func end(_ response: Response) -> Response {
        span.attributes["http.response.status_code"] = response.status.code
        // What is refused is no failure of the server.
        if response.status.code >= 500 { span.setStatus(SpanStatus(code: .error)) }
        guard response.body.contentLength == nil else {
            span.end()
            return response
        }
        var response = response
        let body = response.body
        response.body = ResponseBody { writer in
            defer { span.end() }
            try await body.write(writer)
        }
        return response
    }
}

private struct TraceHeaders: Extractor {
    /// A header that comes twice is read as both values with a comma between.
    func extract(key: String, from headers: HTTPFields) -> String? { HTTPField.Name(key).flatMap { headers[$0] } }
}

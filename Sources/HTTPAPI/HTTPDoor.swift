import Domain
package import Hummingbird
import HTTPTypes
public import Logging
import NIOCore
import Foundation
package import HTTPServing
public import Keys
public import ServerKit
import Tracing
public import Wire

/// Answers OpenAI's HTTP API with a gateway, images, edits, questions, models, and Z.ai's with the same.
///
/// It takes requests apart and puts answers together; what a request may ask for is the gateway's to say, the same over HTTP and gRPC.
public struct HTTPDoor: Sendable {
    let gateway: any GatewayHandler
    let operations: any OperationsHandler
    /// Nil: this gateway stores no jobs.
    let jobs: (any JobsHandler)?
    let access: AccessRule
    let usage: KeyUsage
    let settings: HTTPSettings
    let reader: BodyReader
    let files: ResultFiles
    let ledger = Shared(IdempotencyLedger())
    let fetcher: ImageFetcher
    let logger: Logger

    /// Bytes of a body that has images in it: a form, or JSON with base64.
    static let largestBody = 128 << 20
    /// Bytes of one that has text alone.
    static let largestText = 1 << 20

    /// - Parameters:
    ///   - gateway: does not count for keys; this does.
    ///   - access: the same as for calls over gRPC.
    ///   - usage: of keys.
    ///   - address: of the listener, as in `http://127.0.0.1:8000`.
    public init(
        gateway: any GatewayHandler, operations: any OperationsHandler, jobs: (any JobsHandler)?, access: AccessRule, usage: KeyUsage,
        settings: HTTPSettings, address: @escaping @Sendable () -> String, logger: Logger
    ) {
        self.gateway = gateway
        self.operations = operations
        self.jobs = jobs
        self.access = access
        self.usage = usage
        self.settings = settings
        files = ResultFiles { settings.publicURL ?? address() }
        fetcher = ImageFetcher(hosts: settings.imageHosts)
        self.logger = logger
        // 1 GiB in all.
        reader = BodyReader(budget: ByteBudget(requestLimit: 512 << 20))
    }

    package func respond(_ request: Request, from peer: Peer) async -> Response {
        let id = request.headers[.requestID].flatMap(RequestID.accept) ?? RequestID.make()
        let begun = ContinuousClock.now
        let span = RequestSpan(request, id: id)
        var response = await ServiceContext.withValue(span.context) { await respond(request, id, from: peer, span) }
        response.headers[.requestID] = id
        response.headers[.processingTime] = "\(begun.duration(to: .now).milliseconds)"
        response.headers.append(contentsOf: settings.origins.headers(origin: request.headers[.origin]))
        return span.end(response)
    }

    private func respond(_ request: Request, _ id: String, from peer: Peer, _ span: RequestSpan) async -> Response {
        var response: Response
        var caller = Caller.none
        do {
            try settings.origins.check(origin: request.headers[.origin], authority: request.head.authority)
            if let answer = settings.origins.preflight(request.method, request.headers) {
                response = Response(status: .noContent, headers: answer)
            } else {
                let route = try route(request)
                span.found(request)
                let visit = try admit(request, id, peer, to: route.access)
                caller = visit.caller
                response = try await route.answer(visit)
            }
        } catch {
            let refusal = APIError(any: error)
            // Who left reads no answer, and what is refused fills no log.
            if refusal.status >= 500, !(error is APIError), !(error is CancellationError) {
                logger.warning("HTTP request failed", metadata: ["error": "\(error)"])
            }
            response = Self.response(refusal)
        }
        if caller.grant?.perMinute != nil, let standing = await usage.standing(caller.grant) { response.headers.tell(standing) }
        return response
    }

    /// What answers at a path, and who may ask.
    private struct Route {
        let access: Access
        let answer: @Sendable (Visit) async throws -> Response
    }

    private func route(_ request: Request) throws(APIError) -> Route {
        let path = request.uri.path, method = request.method
        func only(
            _ allowed: HTTPRequest.Method, _ access: Access, _ answer: @escaping @Sendable (Visit) async throws -> Response
        ) throws(APIError) -> Route {
            guard method == allowed || (allowed == .get && method == .head) else {
                var error = APIError(405, "method_not_allowed", "\(path) takes \(allowed.rawValue) alone")
                error.allow = allowed == .get ? "GET, HEAD" : allowed.rawValue
                throw error
            }
            return Route(access: access, answer: answer)
        }
        if let file = PageFile.all[path] { return try only(.get, .everybody) { Self.page(file, $0.request) } }
        switch path {
        case "/v1/images/generations": return try only(.post, .scope(.images)) { try await generations($0) }
        case "/v1/images/edits": return try only(.post, .scope(.images)) { try await edits($0) }
        case "/v1/chat/completions": return try only(.post, .scope(.chat)) { try await chatCompletions($0) }
        case "/v1/models": return try only(.get, .anyKey) { try await models($0) }
        case _ where path.hasPrefix("/v1/models/"):
            let name = String(path.dropFirst("/v1/models/".count))
            return try only(.get, .anyKey) { try await model(name.removingPercentEncoding ?? name, $0) }
        case _ where path.hasPrefix("/v1/files/") && path.hasSuffix("/content"):
            let id = String(path.dropFirst("/v1/files/".count).dropLast("/content".count))
            // A signature opens the file for whoever has it.
            return try only(.get, request.uri.queryParameters["sig"] == nil ? .anyKey : .everybody) { try await file(id, $0) }
        case "\(Self.zai)/images/generations": return try only(.post, .scope(.images)) { try await zaiGenerations($0) }
        case "\(Self.zai)/async/images/generations": return try only(.post, .scope(.images)) { try await zaiJob($0) }
        case "\(Self.zai)/chat/completions": return try only(.post, .scope(.chat)) { try await chatCompletions($0) }
        case _ where path.hasPrefix("\(Self.zai)/async-result/"):
            let id = String(path.dropFirst("\(Self.zai)/async-result/".count))
            return try only(.get, .scope(.images)) { try await zaiResult(id, $0) }
        // Without keys this is for callers on this machine alone, as the metrics are.
        case "/v1/fleet": return try only(.get, self.access.hasKeys ? .scope(.fleetRead) : .everybody) { try await fleet($0) }
        case "/v1/fleet/drain", "/v1/fleet/scale", "/v1/fleet/swap":
            let name = path.dropFirst("/v1/fleet/".count)
            return try only(.post, .scope(.fleetWrite)) { try await changeFleet(name, $0) }
        case "/v1/images/variations":
            throw APIError(404, "unknown_url", "images/variations is not served; use images/edits with a prompt")
        case "/v1/responses": throw APIError(404, "unknown_url", "responses is not served; use chat/completions, or images/generations")
        default: throw APIError(404, "unknown_url", "there is nothing at \(path.prefix(128)); the API begins with /v1, Z.ai's with \(Self.zai)")
        }
    }

    static func response(_ error: APIError) -> Response {
        var headers: HTTPFields = [:]
        for (name, value) in error.headers { if let name = HTTPField.Name(name) { headers[name] = value } }
        return json(error.body, status: HTTPResponse.Status(code: error.status), headers: headers)
    }

    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        headers[.cacheControl] = "no-store"
        let bytes = (try? value.encoded()) ?? []
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

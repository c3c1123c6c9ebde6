import AsyncHTTPClient
import Domain
import Foundation
import NIOCore
import NIOHTTP1

/// Objects of a server that speaks Amazon's S3: put, had, deleted, and linked to. Buckets stand in the path, which every such server takes.
///
/// What fails on the way, or for the server's haste, is tried again a few times.
public struct Bucket: Sendable {
    /// Where new objects go.
    public let address: BucketAddress
    /// `http:` or `https:`, with a host, and no slash at its end.
    private let endpoint: String
    private let host: String
    private let environment: AWSEnvironment

    /// Each try gets so long to be answered; a large object more.
    private static let patience = TimeAmount.seconds(30)
    private static let tries = 4
    /// Of what a server says when it refuses.
    private static let largestRefusal = 64 << 10

    /// - Parameters:
    ///   - endpoint: the server; nil: what `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL` says, else Amazon's of the region.
    ///   - variables: of the environment: credentials, region, endpoint, as Amazon's programs read them.
    /// - Throws: for an endpoint that is none. That there are no credentials is known when they are needed.
    public init(_ address: BucketAddress, endpoint: String?, variables: [String: String]) throws(BucketError) {
        let environment = AWSEnvironment(variables) { try? String(contentsOfFile: $0, encoding: .utf8) }
        var text = endpoint ?? environment.endpoint ?? "https://s3.\(environment.region).amazonaws.com"
        while text.hasSuffix("/") { text.removeLast() }
        guard let url = URLComponents(string: text), ["http", "https"].contains(url.scheme), let name = url.host, !name.isEmpty, url.path.isEmpty,
            url.user == nil, url.query == nil, url.fragment == nil, url.port.map((1...65535).contains) ?? true
        else { throw BucketError("\"\(text.prefix(200))\" is no endpoint as in https://s3.example.org:9000", isFinal: true) }
        self.address = address
        self.endpoint = text
        self.environment = environment
        host = url.port.map { "\(name):\($0)" } ?? name
    }

    /// - Parameter media: `image/png`.
    public func put(_ bytes: [UInt8], at object: BucketAddress, media: String) async throws(BucketError) {
        _ = try await call("PUT", object, body: bytes, headers: [("content-type", media)], limit: Self.largestRefusal)
    }

    /// - Parameter limit: bytes; a larger object is refused.
    /// - Throws: ``BucketError/isMissing`` where there is no such object.
    public func get(_ object: BucketAddress, limit: Int) async throws(BucketError) -> [UInt8] {
        try await call("GET", object, limit: limit)
    }

    /// An object that is not there is deleted, too.
    public func delete(_ object: BucketAddress) async throws(BucketError) {
        do { _ = try await call("DELETE", object, limit: Self.largestRefusal) } catch { if !error.isMissing { throw error } }
    }

    /// An address that opens the object for whoever has it, until a time that is part of it.
    public func link(to object: BucketAddress, for time: Duration) throws(BucketError) -> String {
        let request = SignatureV4.Request(method: "GET", host: host, path: object.path)
        let query = try signature().query(request, seconds: Int(time.components.seconds), at: Date())
        return "\(endpoint)\(object.path)?\(query)"
    }

    // MARK: -

    private func signature() throws(BucketError) -> SignatureV4 { SignatureV4(try environment.credentials(), region: environment.region) }

    private func call(
        _ method: String, _ object: BucketAddress, body: [UInt8] = [], headers: [(name: String, value: String)] = [], limit: Int
    ) async throws(BucketError) -> [UInt8] {
        let digest = SignatureV4.digest(body)
        var pause = Duration.milliseconds(200)
        var tries = 1
        while true {
            do throws(BucketError) {
                let signed = try signature().headers(
                    SignatureV4.Request(method: method, host: host, path: object.path, headers: headers), digest: digest, at: Date())
                return try await attempt(method, object, body, signed, limit)
            } catch {
                guard !error.isFinal, tries < Self.tries else { throw error }
            }
            tries += 1
            do { try await Task.sleep(for: pause) } catch { throw BucketError("\(object): the process ends", isFinal: true) }
            pause *= 2
        }
    }

    private func attempt(
        _ method: String, _ object: BucketAddress, _ body: [UInt8], _ headers: [(name: String, value: String)], _ limit: Int
    ) async throws(BucketError) -> [UInt8] {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        configuration.timeout.read = Self.patience
        // A trace is not for others.
        configuration.tracing.tracer = nil
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let answer: Result<[UInt8], BucketError>
        do {
            var request = HTTPClientRequest(url: endpoint + object.path)
            request.method = HTTPMethod(rawValue: method)
            for header in headers { request.headers.add(name: header.name, value: header.value) }
            if method == "PUT" { request.body = .bytes(ByteBuffer(bytes: body)) }
            // As if it went at least at 1 MiB a second.
            let response = try await client.execute(request, timeout: Self.patience + .seconds(Int64(body.count >> 20)))
            let isDone = (200..<300).contains(response.status.code)
            let text = try await response.body.collect(upTo: isDone ? limit : Self.largestRefusal)
            answer = isDone ? .success([UInt8](buffer: text)) : .failure(Self.refusal(object, Int(response.status.code), String(buffer: text)))
        } catch is NIOTooManyBytesError {
            answer = .failure(BucketError("\(object) is larger than \(limit) bytes", isFinal: true))
        } catch {
            answer = .failure(BucketError("\(object): \(endpoint) does not answer: \(error)"))
        }
        try? await client.shutdown()
        return try answer.get()
    }

    /// - Parameter text: XML, with a word for the reason in `<Code>`.
    static func refusal(_ object: BucketAddress, _ status: Int, _ text: String) -> BucketError {
        let code = text.firstRange(of: "<Code>").flatMap { start in
            text[start.upperBound...].firstRange(of: "</Code>").map { text[start.upperBound..<$0.lowerBound].prefix(64) }
        }
        let isHasty = status >= 500 || status == 429 || status == 408
        return BucketError(
            "\(object): status \(status)\(code.map { ", \($0.filter { $0.isASCII && $0.isLetter })" } ?? "")",
            isMissing: status == 404 && code != "NoSuchBucket", isFinal: !isHasty)
    }
}

import AsyncHTTPClient
import Domain
import NIOCore
import NIOHTTP1
import ServerKit
import Wire

/// Fetches the pictures that requests name by their addresses, from hosts that the operator has named and nowhere else.
struct ImageFetcher: Sendable {
    /// Pictures of one request.
    private static let mostLinks = 16
    private static let timeLimit = Duration.seconds(10)

    /// In small letters; empty: nothing is fetched.
    let hosts: Set<String>
    /// Of all requests.
    private let budget = ByteBudget(requestLimit: 256 << 20)

    /// - Parameter links: as requests write them, by the field that has each.
    /// - Returns: files by their links.
    /// - Throws: 400 `invalid_image_url`.
    func fetch(_ links: [(field: String, text: String)]) async throws -> [String: [UInt8]] {
        var wanted: [String: (link: ImageLink, field: String)] = [:]
        for link in links where wanted[link.text] == nil {
            guard wanted.count < Self.mostLinks else {
                throw APIError(400, "invalid_image_url", "the request has more than \(Self.mostLinks) addresses of pictures", param: link.field)
            }
            wanted[link.text] = (try ImageLink(link.text, hosts: hosts, field: link.field), link.field)
        }
        return try await withThrowingTaskGroup(of: (String, [UInt8]).self) { group in
            for (text, (link, field)) in wanted { group.addTask { (text, try await file(link, field)) } }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private func file(_ link: ImageLink, _ field: String) async throws -> [UInt8] {
        @Sendable func refusal(_ reason: String) -> APIError { APIError(400, "invalid_image_url", "\(field): \(reason)", param: field) }
        do {
            return try await race {
                let addresses = await HostAddresses.of(link.host)
                // Of a name with an address of ours among others nothing is fetched: the next answer might be that one.
                guard let address = addresses.first, addresses.allSatisfy({ PublicAddress.isPublic($0.bytes) }) else {
                    throw refusal("\(link.host) has no public address")
                }
                guard let bytes = try await body(of: link, at: address.text) else { throw refusal("\(link.host) answers with no picture") }
                return bytes
            } _: {
                try await Pause.for(Self.timeLimit)
                throw refusal("\(link.host) takes longer than \(Int(Self.timeLimit.inSeconds)) s")
            }
        } catch let error as APIError {
            throw error
        } catch {
            try Task.checkCancellation()
            throw refusal("\(link.host) can't be reached")
        }
    }

    /// - Parameter address: the very one that was checked: no name is resolved again.
    /// - Returns: nil: it is no picture, or too large.
    private func body(of link: ImageLink, at address: String) async throws -> [UInt8]? {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.dnsOverride = [link.host: address]
        // The library's spans hold the whole address, and its requests the trace's name: neither is for others.
        configuration.tracing.tracer = nil
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let bytes = try await read(client.execute(HTTPClientRequest(url: link.url), timeout: TimeAmount(Self.timeLimit)))
            try await client.shutdown()
            return bytes
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    private func read(_ response: HTTPClientResponse) async throws -> [UInt8]? {
        guard response.status == .ok else { return nil }
        var bytes: [UInt8] = [], share = ByteBudget.Share()
        defer { budget.give(&share) }
        for try await piece in response.body {
            guard bytes.count + piece.readableBytes <= RequestLimits.maximumImageBytes else { return nil }
            guard budget.take(piece.readableBytes, &share) else {
                throw APIError(429, "queue_full", "pictures of other requests take all memory that is meant for them", retryAfter: .seconds(1))
            }
            bytes += piece.readableBytesView
        }
        return ImageFormat(magic: bytes) == nil ? nil : bytes
    }
}

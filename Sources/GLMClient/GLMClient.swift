public import Domain
public import TLS
public import Wire

/// A gateway, for Swift programs.
///
/// Calls share one connection, which reconnects by itself. All throw ``CallError`` with the gateway's status and reason, or
/// `CancellationError` when the task was cancelled; the gateway then stops the work.
public struct GLMClient: Sendable {
    private let connection: StageConnection

    /// Nothing is sent before the first call; a gateway that is not there shows then.
    /// - Parameters:
    ///   - address: `unix:PATH`, `https://HOST:PORT`, or `HOST:PORT` where nothing is encrypted.
    ///   - key: the text of the caller's key, as `glm keys add` printed it; nil: none.
    ///   - tls: for `https://HOST:PORT`: whom to trust, and what to show to a gateway that asks for a certificate.
    public init(_ address: String, key: String? = nil, tls: ClientTLSFiles = ClientTLSFiles()) throws {
        let address = try Address(parsing: address)
        connection = try StageConnection(to: address, key: key, tls: address.tls(tls))
    }

    /// An image from a prompt, and from source images when there are any.
    ///
    /// - Parameters:
    ///   - images: source images, each a PNG, JPEG or WebP file; none: text to image.
    ///   - parameters: what is not set is chosen by the gateway and told in the answer.
    ///   - model: name of a model of the fleet; empty: the only one.
    ///   - partialImages: smaller images that are wanted on the way, 0 through 3; fewer may come.
    ///   - timeout: the request fails with DEADLINE_EXCEEDED after it; nil: as long as it takes.
    ///   - onProgress: called in order; what it throws cancels the request.
    ///   - onPartial: called in order with each partial image; what it throws cancels the request.
    public func generate(
        _ prompt: String, images: [[UInt8]] = [], parameters: ImageOptions = ImageOptions(), model: String = "", partialImages: Int = 0,
        timeout: Duration? = nil, onProgress: @escaping @Sendable (Progress) async throws -> Void = { _ in },
        onPartial: @escaping @Sendable (PartialImage) async throws -> Void = { _ in }
    ) async throws -> GeneratedImage {
        let request = GenerateImageRequest(prompt: prompt, images: images, parameters: parameters, model: model, partialImages: partialImages)
        return try await GatewayClient(connection).generate(request, CallSettings(timeout: timeout)) { event in
            switch event {
            case .progress(let progress): try await onProgress(progress)
            case .partial(let partial): try await onPartial(partial)
            case .accepted, .place, .image: break
            }
        }
    }

    /// An answer to the last message of a conversation, which may hold images.
    ///
    /// - Parameters:
    ///   - parameters: what is not set is the checkpoint's; the seed is chosen by the gateway and told in the answer.
    ///   - model: name of a model of the fleet; empty: the only one that answers questions.
    ///   - timeout: the request fails with DEADLINE_EXCEEDED after it; nil: as long as it takes.
    ///   - onDelta: called in order with what follows the answer so far; what it throws cancels the request.
    public func answer(
        _ messages: [ChatMessage], parameters: AnswerOptions = AnswerOptions(), model: String = "", timeout: Duration? = nil,
        onDelta: @escaping @Sendable (AnswerDelta) async throws -> Void = { _ in }
    ) async throws -> Answer {
        let request = AnswerQuestionRequest(messages: messages, model: model, parameters: parameters)
        return try await GatewayClient(connection).answer(request, CallSettings(timeout: timeout)) { event in
            if case .delta(let delta) = event { try await onDelta(delta) }
        }
    }

    /// The gateway, its stages, devices, queues and jobs.
    public func status() async throws -> FleetStatus { try await GatewayClient(connection).status() }

    /// Requests that outlive this program.
    public var jobs: JobsClient { JobsClient(connection) }

    /// Drain, scale and swap.
    public var operations: OperationsClient { OperationsClient(connection) }

    /// Lets calls in flight finish, then closes the connection.
    public func close() async { await connection.close() }
}

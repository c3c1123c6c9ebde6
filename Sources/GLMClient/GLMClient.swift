public import Domain
import Synchronization
public import TLS
public import Wire

/// A gateway, for Swift programs.
///
/// Calls share one connection, which reconnects by itself. All throw ``CallError`` with the gateway's status and reason, or
/// `CancellationError` when the task was cancelled; the gateway then stops the work. A call that finds the gateway between two of its lives, or
/// loses it, is made again as `CallRetries` says, within its timeout.
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
    ///   - parameters: what is not set is chosen by the gateway and told in the answer; the seed is chosen here, so that a request that is made again
    ///     makes the same image.
    ///   - model: name of a model of the fleet; empty: the only one.
    ///   - partialImages: smaller images that are wanted on the way, 0 through 3; fewer may come.
    ///   - timeout: the request fails with DEADLINE_EXCEEDED after it; nil: as long as it takes.
    ///   - onProgress: called in order, from the beginning again where the request is made again; what it throws cancels the request.
    ///   - onPartial: called in order with each partial image; what it throws cancels the request.
    public func generate(
        _ prompt: String, images: [[UInt8]] = [], parameters: ImageOptions = ImageOptions(), model: String = "", partialImages: Int = 0,
        timeout: Duration? = nil, onProgress: @escaping @Sendable (Progress) async throws -> Void = { _ in },
        onPartial: @escaping @Sendable (PartialImage) async throws -> Void = { _ in }
    ) async throws -> GeneratedImage {
        var parameters = parameters
        parameters.seed = parameters.seed ?? UInt64(UInt32.random(in: .min ... .max))
        let request = GenerateImageRequest(prompt: prompt, images: images, parameters: parameters, model: model, partialImages: partialImages)
        return try await connection.repeating(CallSettings(timeout: timeout)) { settings in
            try await GatewayClient(connection).generate(request, settings) { event in
                switch event {
                case .progress(let progress): try await onProgress(progress)
                case .partial(let partial): try await onPartial(partial)
                case .accepted, .place, .image: break
                }
            }
        }
    }

    /// An answer to the last message of a conversation, which may hold images. It is not asked for again once something of it has come.
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
        let hasBegun = Atomic(false)
        return try await connection.repeating(CallSettings(timeout: timeout), while: { !hasBegun.load(ordering: .relaxed) }) { settings in
            try await GatewayClient(connection).answer(request, settings) { event in
                guard case .delta(let delta) = event else { return }
                hasBegun.store(true, ordering: .relaxed)
                try await onDelta(delta)
            }
        }
    }

    /// Leaves a request with the gateway, which keeps its image until it is fetched or expires.
    /// - Parameter id: its name; the same one again is the same job.
    public func submit(_ request: GenerateImageRequest, id: String = JobID.make()) async throws -> Job {
        try await connection.repeating { try await JobsClient(connection).submit(SubmitJobRequest(id: id, request: request), $0) }
    }

    /// The gateway, its stages, devices, queues and jobs.
    public func status() async throws -> FleetStatus { try await connection.repeating { try await GatewayClient(connection).status($0) } }

    /// Requests that outlive this program. These calls are made once.
    public var jobs: JobsClient { JobsClient(connection) }

    /// Drain, scale and swap. These calls are made once.
    public var operations: OperationsClient { OperationsClient(connection) }

    /// Lets calls in flight finish, then closes the connection.
    public func close() async { await connection.close() }
}

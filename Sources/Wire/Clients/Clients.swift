/// Calls a process's ``Methods/Stage``. All clients throw ``CallError``, or `CancellationError` when the task was cancelled.
public struct StageClient: Sendable {
    private let connection: StageConnection

    public init(_ connection: StageConnection) { self.connection = connection }

    public func describe(_ settings: CallSettings = CallSettings()) async throws -> StageDescription {
        try await connection.unary(Methods.Stage.describe, DescribeRequest(), settings)
    }

    public func drain(_ request: DrainRequest = DrainRequest(), _ settings: CallSettings = CallSettings()) async throws -> DrainResponse {
        try await connection.unary(Methods.Stage.drain, request, settings)
    }
}

/// Calls a vision stage.
public struct VisionClient: Sendable {
    private let connection: StageConnection

    public init(_ connection: StageConnection) { self.connection = connection }

    public func encode(_ request: EncodeRequest, _ settings: CallSettings = CallSettings()) async throws -> EncodeResponse {
        try await connection.unary(Methods.Vision.encode, request, settings)
    }
}

/// Calls a text stage.
public struct TextClient: Sendable {
    private let connection: StageConnection

    public init(_ connection: StageConnection) { self.connection = connection }

    /// Hands over every event in order, the result too; returns the result.
    public func generate(
        _ request: GenerateTokensRequest, _ settings: CallSettings = CallSettings(),
        onEvent: @escaping @Sendable (GenerateTokensEvent) async throws -> Void = { _ in }
    ) async throws -> GeneratedTokens {
        let last = Last<GeneratedTokens>()
        try await connection.stream(Methods.Text.generate, request, settings) { event in
            if case .result(let result) = event { last.value = result }
            try await onEvent(event)
        }
        return try last.orMissing(in: Methods.Text.generate)
    }
}

/// Calls a diffusion stage.
public struct DiffusionClient: Sendable {
    private let connection: StageConnection

    public init(_ connection: StageConnection) { self.connection = connection }

    /// Hands over every event in order, the result too; returns the result.
    public func render(
        _ request: RenderRequest, _ settings: CallSettings = CallSettings(),
        onEvent: @escaping @Sendable (RenderEvent) async throws -> Void = { _ in }
    ) async throws -> RenderedImage {
        let last = Last<RenderedImage>()
        try await connection.stream(Methods.Diffusion.render, request, settings) { event in
            if case .result(let result) = event { last.value = result }
            try await onEvent(event)
        }
        return try last.orMissing(in: Methods.Diffusion.render)
    }
}

/// Calls a gateway.
public struct GatewayClient: Sendable {
    private let connection: StageConnection

    public init(_ connection: StageConnection) { self.connection = connection }

    /// Hands over every event in order, the picture too; returns the picture.
    public func generate(
        _ request: GenerateImageRequest, _ settings: CallSettings = CallSettings(),
        onEvent: @escaping @Sendable (GenerateImageEvent) async throws -> Void = { _ in }
    ) async throws -> GeneratedImage {
        let last = Last<GeneratedImage>()
        try await connection.stream(Methods.Gateway.generate, request, settings) { event in
            if case .image(let image) = event { last.value = image }
            try await onEvent(event)
        }
        return try last.orMissing(in: Methods.Gateway.generate)
    }

    public func status(_ settings: CallSettings = CallSettings()) async throws -> FleetStatus {
        try await connection.unary(Methods.Gateway.status, StatusRequest(), settings)
    }
}

/// Calls a gateway for requests that outlive their caller.
public struct JobsClient: Sendable {
    private let connection: StageConnection

    public init(_ connection: StageConnection) { self.connection = connection }

    public func submit(_ request: SubmitJobRequest, _ settings: CallSettings = CallSettings()) async throws -> Job {
        try await connection.unary(Methods.Jobs.submit, request, settings)
    }

    public func get(_ id: String, _ settings: CallSettings = CallSettings()) async throws -> Job {
        try await connection.unary(Methods.Jobs.get, JobRequest(id: id), settings)
    }

    /// The job now and after every change, until it has ended.
    public func watch(_ id: String, _ settings: CallSettings = CallSettings(), onChange: @escaping @Sendable (Job) async throws -> Void) async throws
    {
        try await connection.stream(Methods.Jobs.watch, JobRequest(id: id), settings, onChange)
    }

    public func list(_ settings: CallSettings = CallSettings()) async throws -> [Job] {
        try await connection.unary(Methods.Jobs.list, ListJobsRequest(), settings).jobs
    }

    public func fetch(_ id: String, _ settings: CallSettings = CallSettings()) async throws -> GeneratedImage {
        try await connection.unary(Methods.Jobs.fetch, JobRequest(id: id), settings)
    }

    public func cancel(_ id: String, _ settings: CallSettings = CallSettings()) async throws -> Job {
        try await connection.unary(Methods.Jobs.cancel, JobRequest(id: id), settings)
    }
}

/// Calls a gateway to change its fleet. Each hands over what was done, line by line, and returns when it is done.
public struct OperationsClient: Sendable {
    private let connection: StageConnection

    public init(_ connection: StageConnection) { self.connection = connection }

    public func drain(_ request: DrainStageRequest, onEvent: @escaping @Sendable (OperationEvent) async throws -> Void) async throws {
        try await connection.stream(Methods.Operations.drain, request, CallSettings(), onEvent)
    }

    public func scale(_ request: ScaleRequest, onEvent: @escaping @Sendable (OperationEvent) async throws -> Void) async throws {
        try await connection.stream(Methods.Operations.scale, request, CallSettings(), onEvent)
    }

    public func swap(_ request: SwapRequest, onEvent: @escaping @Sendable (OperationEvent) async throws -> Void) async throws {
        try await connection.stream(Methods.Operations.swap, request, CallSettings(), onEvent)
    }
}

/// Calls the health service of any gRPC server.
public struct HealthClient: Sendable {
    private let connection: StageConnection

    public init(_ connection: StageConnection) { self.connection = connection }

    /// The state of one service now; empty: of the whole server. NOT_FOUND for an unknown one.
    public func check(service: String = "", _ settings: CallSettings = CallSettings()) async throws -> HealthCheckResponse.ServingStatus {
        try await connection.unary(Methods.Health.check, HealthCheckRequest(service: service), settings).status
    }

    /// The state of all services now.
    public func list(_ settings: CallSettings = CallSettings()) async throws -> [String: HealthCheckResponse.ServingStatus] {
        try await connection.unary(Methods.Health.list, HealthListRequest(), settings).statuses.mapValues(\.status)
    }

    /// The state now and after every change, until the server ends or the task is cancelled.
    public func watch(
        service: String = "", _ settings: CallSettings = CallSettings(),
        onChange: @escaping @Sendable (HealthCheckResponse.ServingStatus) async throws -> Void
    ) async throws {
        try await connection.stream(Methods.Health.watch, HealthCheckRequest(service: service), settings) { try await onChange($0.status) }
    }
}

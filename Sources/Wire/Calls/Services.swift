public import GRPCCore

/// Sends one event of a stream; waits while the caller reads slowly, throws when it has left.
public typealias Send<Event> = @Sendable (Event) async throws -> Void

/// Answers for ``Methods/Stage``.
public protocol StageHandler: Sendable {
    func describe(_ request: DescribeRequest, _ call: ServerCall) async throws -> StageDescription
    func drain(_ request: DrainRequest, _ call: ServerCall) async throws -> DrainResponse
}

/// Answers for ``Methods/Vision``.
public protocol VisionHandler: Sendable {
    func encode(_ request: EncodeRequest, _ call: ServerCall) async throws -> EncodeResponse
}

/// Answers for ``Methods/Text``.
public protocol TextHandler: Sendable {
    func generate(_ request: GenerateTokensRequest, _ call: ServerCall, send: @escaping Send<GenerateTokensEvent>) async throws
}

/// Answers for ``Methods/Diffusion``.
public protocol DiffusionHandler: Sendable {
    func render(_ request: RenderRequest, _ call: ServerCall, send: @escaping Send<RenderEvent>) async throws
}

/// Answers for ``Methods/Gateway``.
public protocol GatewayHandler: Sendable {
    func generate(_ request: GenerateImageRequest, _ call: ServerCall, send: @escaping Send<GenerateImageEvent>) async throws
    func status(_ request: StatusRequest, _ call: ServerCall) async throws -> FleetStatus
}

/// Answers for ``Methods/Jobs``.
public protocol JobsHandler: Sendable {
    func submit(_ request: SubmitJobRequest, _ call: ServerCall) async throws -> Job
    func get(_ request: JobRequest, _ call: ServerCall) async throws -> Job
    func watch(_ request: JobRequest, _ call: ServerCall, send: @escaping Send<Job>) async throws
    func list(_ request: ListJobsRequest, _ call: ServerCall) async throws -> JobList
    func fetch(_ request: JobRequest, _ call: ServerCall) async throws -> GeneratedImage
    func cancel(_ request: JobRequest, _ call: ServerCall) async throws -> Job
}

/// Answers for ``Methods/Operations``.
public protocol OperationsHandler: Sendable {
    func drain(_ request: DrainStageRequest, _ call: ServerCall, send: @escaping Send<OperationEvent>) async throws
    func scale(_ request: ScaleRequest, _ call: ServerCall, send: @escaping Send<OperationEvent>) async throws
    func swap(_ request: SwapRequest, _ call: ServerCall, send: @escaping Send<OperationEvent>) async throws
}

/// A handler as a server takes it.
public struct Service: RegistrableRPCService {
    /// Full name.
    public let name: String
    /// Bytes of the largest request of all its methods.
    public let requestLimit: Int
    private let registration: any Registration

    public static func stage(_ handler: some StageHandler) -> Service {
        Service(name: Methods.Stage.service, requestLimit: Methods.Stage.drain.requestLimit, registration: StageRegistration(handler: handler))
    }

    public static func vision(_ handler: some VisionHandler) -> Service {
        Service(name: Methods.Vision.service, requestLimit: Methods.Vision.encode.requestLimit, registration: VisionRegistration(handler: handler))
    }

    public static func text(_ handler: some TextHandler) -> Service {
        Service(name: Methods.Text.service, requestLimit: Methods.Text.generate.requestLimit, registration: TextRegistration(handler: handler))
    }

    public static func diffusion(_ handler: some DiffusionHandler) -> Service {
        Service(
            name: Methods.Diffusion.service, requestLimit: Methods.Diffusion.render.requestLimit,
            registration: DiffusionRegistration(handler: handler))
    }

    public static func gateway(_ handler: some GatewayHandler) -> Service {
        Service(
            name: Methods.Gateway.service, requestLimit: Methods.Gateway.generate.requestLimit,
            registration: GatewayRegistration(handler: handler))
    }

    public static func jobs(_ handler: some JobsHandler) -> Service {
        Service(name: Methods.Jobs.service, requestLimit: Methods.Jobs.submit.requestLimit, registration: JobsRegistration(handler: handler))
    }

    public static func operations(_ handler: some OperationsHandler) -> Service {
        Service(
            name: Methods.Operations.service, requestLimit: Methods.Operations.drain.requestLimit,
            registration: OperationsRegistration(handler: handler))
    }

    init(name: String, requestLimit: Int, registration: any Registration) {
        self.name = name
        self.requestLimit = requestLimit
        self.registration = registration
    }

    public func registerMethods<T: ServerTransport>(with router: inout RPCRouter<T>) {
        registration.register(with: &router)
    }
}

/// How a handler's methods reach a router of any transport.
protocol Registration: Sendable {
    func register<T: ServerTransport>(with router: inout RPCRouter<T>)
}

private struct StageRegistration<Handler: StageHandler>: Registration {
    let handler: Handler

    func register<T: ServerTransport>(with router: inout RPCRouter<T>) {
        router.register(Methods.Stage.describe) { try await handler.describe($0, $1) }
        router.register(Methods.Stage.drain) { try await handler.drain($0, $1) }
    }
}

private struct VisionRegistration<Handler: VisionHandler>: Registration {
    let handler: Handler

    func register<T: ServerTransport>(with router: inout RPCRouter<T>) {
        router.register(Methods.Vision.encode) { try await handler.encode($0, $1) }
    }
}

private struct TextRegistration<Handler: TextHandler>: Registration {
    let handler: Handler

    func register<T: ServerTransport>(with router: inout RPCRouter<T>) {
        router.registerStream(Methods.Text.generate) { try await handler.generate($0, $1, send: $2) }
    }
}

private struct DiffusionRegistration<Handler: DiffusionHandler>: Registration {
    let handler: Handler

    func register<T: ServerTransport>(with router: inout RPCRouter<T>) {
        router.registerStream(Methods.Diffusion.render) { try await handler.render($0, $1, send: $2) }
    }
}

private struct GatewayRegistration<Handler: GatewayHandler>: Registration {
    let handler: Handler

    func register<T: ServerTransport>(with router: inout RPCRouter<T>) {
        router.registerStream(Methods.Gateway.generate) { try await handler.generate($0, $1, send: $2) }
        router.register(Methods.Gateway.status) { try await handler.status($0, $1) }
    }
}

private struct JobsRegistration<Handler: JobsHandler>: Registration {
    let handler: Handler

    func register<T: ServerTransport>(with router: inout RPCRouter<T>) {
        router.register(Methods.Jobs.submit) { try await handler.submit($0, $1) }
        router.register(Methods.Jobs.get) { try await handler.get($0, $1) }
        router.registerStream(Methods.Jobs.watch) { try await handler.watch($0, $1, send: $2) }
        router.register(Methods.Jobs.list) { try await handler.list($0, $1) }
        router.register(Methods.Jobs.fetch) { try await handler.fetch($0, $1) }
        router.register(Methods.Jobs.cancel) { try await handler.cancel($0, $1) }
    }
}

private struct OperationsRegistration<Handler: OperationsHandler>: Registration {
    let handler: Handler

    func register<T: ServerTransport>(with router: inout RPCRouter<T>) {
        router.registerStream(Methods.Operations.drain) { try await handler.drain($0, $1, send: $2) }
        router.registerStream(Methods.Operations.scale) { try await handler.scale($0, $1, send: $2) }
        router.registerStream(Methods.Operations.swap) { try await handler.swap($0, $1, send: $2) }
    }
}

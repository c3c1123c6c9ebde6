public import GRPCCore

/// Sends one event of a stream; waits while the caller reads slowly, throws when it has left.
public typealias Send<Event> = @Sendable (Event) async throws -> Void

/// A handler as a server takes it.
public struct Service: RegistrableRPCService {
    /// Full name.
    public let name: String
    /// Bytes of the largest request of each method, by the method's name.
    public let requestLimits: [String: Int]
    private let registration: any Registration

    init(name: String, requestLimits: [String: Int], registration: any Registration) {
        self.name = name
        self.requestLimits = requestLimits
        self.registration = registration
    }

    /// Bytes of the largest request of all its methods.
    public var requestLimit: Int { requestLimits.values.max() ?? 0 }

    public func registerMethods<T: ServerTransport>(with router: inout RPCRouter<T>) {
        registration.register(with: &router)
    }
}

/// Connects the methods of one handler to a router of any transport.
protocol Registration: Sendable {
    func register<T: ServerTransport>(with router: inout RPCRouter<T>)
}

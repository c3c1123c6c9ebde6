public import GRPCCore

/// One method of a service, with the types and limits of its messages: all that client and server have to agree on.
public struct Method<Request: WireMessage, Response: WireMessage>: Sendable {
    /// Full name of the service: `glm.v1.Text`.
    public let service: String
    public let name: String
    public let kind: MethodDescriptor.RPCType
    /// Bytes of the largest encoded request; more is RESOURCE_EXHAUSTED.
    public let requestLimit: Int
    /// Bytes of the largest encoded response, of each one in a stream.
    public let responseLimit: Int

    public init(_ service: String, _ name: String, _ kind: MethodDescriptor.RPCType, requestLimit: Int = 64 << 10, responseLimit: Int = 1 << 20) {
        self.service = service
        self.name = name
        self.kind = kind
        self.requestLimit = requestLimit
        self.responseLimit = responseLimit
    }

    public var descriptor: MethodDescriptor { MethodDescriptor(fullyQualifiedService: service, method: name, type: kind) }
}

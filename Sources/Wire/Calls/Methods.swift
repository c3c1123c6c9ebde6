import GRPCCore

/// Every method of the contract, by service; the services are generated.
public enum Methods {}

extension Methods {
    /// Server reflection. Written by hand, because its requests are a stream too.
    public enum Reflection {
        /// Both packages have the same messages; many clients ask for the older one first.
        public static let services = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]

        package static func info(_ service: String) -> Method<ServerReflectionRequest, ServerReflectionResponse> {
            Method(service, "ServerReflectionInfo", .bidirectionalStreaming)
        }
    }
}

/// What all messages have in common.
public enum WireProtocol {
    /// Raised when a message changes its meaning. A field that is merely added does not raise it.
    public static let version = 2
}

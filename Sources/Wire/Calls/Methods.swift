import GRPCCore

/// Every method of the contract.
///
/// The limits: a picture as a file has at most ``WireProtocol/maxImageBytes``, codes have at most 4096 per picture, and a
/// rendered picture of 2048 × 2048 has at most 12.6 MB as PNG.
public enum Methods {
    public enum Stage {
        public static let service = "glm.v1.Stage"
        public static let describe = Method<DescribeRequest, StageDescription>(service, "Describe", .unary)
        public static let drain = Method<DrainRequest, DrainResponse>(service, "Drain", .unary)
    }

    public enum Vision {
        public static let service = "glm.v1.Vision"
        public static let encode = Method<EncodeRequest, EncodeResponse>(
            service, "Encode", .unary, requestLimit: WireProtocol.maxImageBytes + (64 << 10))
    }

    public enum Text {
        public static let service = "glm.v1.Text"
        public static let generate = Method<GenerateTokensRequest, GenerateTokensEvent>(
            service, "Generate", .serverStreaming, requestLimit: 4 << 20)
    }

    public enum Diffusion {
        public static let service = "glm.v1.Diffusion"
        public static let render = Method<RenderRequest, RenderEvent>(
            service, "Render", .serverStreaming, requestLimit: 256 << 20, responseLimit: 64 << 20)
    }

    public enum Gateway {
        public static let service = "glm.v1.Gateway"
        public static let generate = Method<GenerateImageRequest, GenerateImageEvent>(
            service, "Generate", .serverStreaming, requestLimit: 256 << 20, responseLimit: 64 << 20)
        public static let status = Method<StatusRequest, FleetStatus>(service, "Status", .unary)
    }

    public enum Jobs {
        public static let service = "glm.v1.Jobs"
        public static let submit = Method<SubmitJobRequest, Job>(service, "Submit", .unary, requestLimit: 256 << 20)
        public static let get = Method<JobRequest, Job>(service, "Get", .unary)
        public static let watch = Method<JobRequest, Job>(service, "Watch", .serverStreaming)
        public static let list = Method<ListJobsRequest, JobList>(service, "List", .unary, responseLimit: 16 << 20)
        public static let fetch = Method<JobRequest, GeneratedImage>(service, "Fetch", .unary, responseLimit: 64 << 20)
        public static let cancel = Method<JobRequest, Job>(service, "Cancel", .unary)
    }

    public enum Operations {
        public static let service = "glm.v1.Operations"
        public static let drain = Method<DrainStageRequest, OperationEvent>(service, "Drain", .serverStreaming)
        public static let scale = Method<ScaleRequest, OperationEvent>(service, "Scale", .serverStreaming)
        public static let swap = Method<SwapRequest, OperationEvent>(service, "Swap", .serverStreaming)
    }

    public enum Health {
        public static let service = "grpc.health.v1.Health"
        public static let check = Method<HealthCheckRequest, HealthCheckResponse>(service, "Check", .unary)
        public static let list = Method<HealthListRequest, HealthListResponse>(service, "List", .unary)
        public static let watch = Method<HealthCheckRequest, HealthCheckResponse>(service, "Watch", .serverStreaming)
    }

    public enum Reflection {
        /// The older package has the same messages; clients still ask for it first.
        public static let services = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]

        package static func info(_ service: String) -> Method<ReflectionRequest, ReflectionResponse> {
            Method(service, "ServerReflectionInfo", .bidirectionalStreaming)
        }
    }
}

/// What all messages have in common.
public enum WireProtocol {
    /// Raised when a message changes its meaning; fields that are merely added don't raise it.
    public static let version = 1
    /// Bytes of a source picture's file.
    public static let maxImageBytes = 64 << 20
}

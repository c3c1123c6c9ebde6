// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let grpc: Target.Dependency = .product(name: "GRPCCore", package: "grpc-swift-2")
let grpcTransport: Target.Dependency = .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")
let sqlite: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let tracing: Target.Dependency = .product(name: "Tracing", package: "swift-distributed-tracing")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let http: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let httpCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let http2: Target.Dependency = .product(name: "NIOHTTP2", package: "swift-nio-http2")
let hpack: Target.Dependency = .product(name: "NIOHPACK", package: "swift-nio-http2")
let nioExtras: Target.Dependency = .product(name: "NIOExtras", package: "swift-nio-extras")
let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP2: Target.Dependency = .product(name: "NIOHTTPTypesHTTP2", package: "swift-nio-extras")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let certificateReloading: Target.Dependency = .product(name: "NIOCertificateReloading", package: "swift-nio-extras")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

func library(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: settings)
}

func executable(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies + [arguments], swiftSettings: settings)
}

/// - Parameter computes: the tests' own loops are worth a compiler's time, such as those of a reference. What others promise is in the modules
///   that they call, which are optimized.
func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], computes: Bool = false) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings + (computes ? [] : [.unsafeFlags(["-Onone"])]))
}

let package = Package(
    name: "glm",
    products: [
        .executable(name: "glm", targets: ["glm"]),
        .executable(name: "glm-gateway", targets: ["glm-gateway"]),
        .executable(name: "glm-vision", targets: ["glm-vision"]),
        .executable(name: "glm-text", targets: ["glm-text"]),
        .executable(name: "glm-diffusion", targets: ["glm-diffusion"]),
        // A gateway, for Swift programs.
        .library(name: "GLMClient", targets: ["GLMClient", "Wire", "TLS", "Domain"]),
        // For tests, as a library of its own: they open it where CANN would be.
        .library(name: "AscendStandIn", type: .dynamic, targets: ["AscendStandIn"]),
    ],
    dependencies: [
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        // No traits: nothing of theirs is used, and SwiftPM names several in another order each time, which compiles the package again.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // The words that all modules share: what a request may ask for, kinds of stages, limits.
        library("Domain"),

        // Files and pipes that are read to their end or written as a whole, and text on a terminal.
        library("Files"),
        library("Terminal", ["Domain", "Imaging"]),

        // Tensors and the device that computes on them.
        library("Tensor"),
        .target(name: "CKernels"),
        library("TensorCPU", ["Domain", "Tensor", "CKernels"]),
        .target(name: "CAscend", linkerSettings: [.linkedLibrary("dl")]),
        library("TensorAscend", ["CAscend", "Domain", "Tensor"]),
        library("Devices", ["Domain", "Tensor", "TensorCPU", "TensorAscend"]),

        // What a checkpoint folder holds, and what goes into and comes out of the model.
        library("Checkpoint", ["Domain", "Tensor", crypto]),
        library("Tokenizing"),
        .target(name: "CImageCodecs", linkerSettings: ["jpeg", "png", "webp", "webpdemux", "z"].map { .linkedLibrary($0) }),
        library("Imaging", ["CImageCodecs", "Domain"]),
        library("GLMTiny", ["Domain"], exclude: ["training"], resources: [.copy("glm-tiny"), .copy("glm-tiny-v")]),

        // A checkpoint's configurations, which stage holds which of its tensors, and the memory that follows from both.
        library("ModelConfiguration", ["Domain", "Checkpoint"]),

        // What any transformer is built of, and what any autoregressive decoder needs, written once for any device.
        library("Layers", ["Tensor", "Checkpoint"]),
        library("Decoding", ["Tensor", "Checkpoint", "Layers", "ModelConfiguration"]),

        // The model: every part of GLM-Image.
        library("GLMImage", ["Domain", "ModelConfiguration", "Tensor", "Checkpoint", "Layers", "Decoding", "Tokenizing", "Imaging"]),
        // What answers questions about pictures: the difference of GLM-4.1V and GLM-4.6V-Flash to what GLM-Image shares.
        library("GLM4V", ["Domain", "ModelConfiguration", "Tensor", "Checkpoint", "Layers", "Decoding", "Tokenizing", "Imaging", crypto]),
        // What works on checkpoints: verification against a reference, benchmarks, quantisation.
        library(
            "ModelTools",
            ["GLMImage", "GLM4V", "Decoding", "ModelConfiguration", "Devices", "Domain", "Files", "Tensor", "Checkpoint", "Tokenizing", "Imaging"]),

        // Connections whose other end is gone without a word.
        library("Sockets", [nio]),
        // TLS at both ends of connections: certificates from files, and why a handshake fails.
        library("TLS", ["Files", certificateReloading, nio, nioSSL, nioTLS, logging]),
        // The keys of callers: their file, and how much of what each allows was used.
        library("Keys", ["Domain", "Files", crypto, logging]),

        // The contract between processes.
        .target(name: "CWire", linkerSettings: [.linkedLibrary("protobuf-c")]),
        library("Wire", ["CWire", "Domain", "Sockets", "TLS", grpc, grpcTransport, nio, tracing]),
        library("GLMClient", ["Domain", "TLS", "Wire"]),

        // Where a request spends its time: its place in a trace, and the spans of its work.
        library("Traces", [tracing]),

        // The stages: one model part, one process, one device.
        library(
            "ServerKit",
            [
                "Domain", "Files", "Keys", "Sockets", "TLS", "Traces", "Wire", tracing, grpc, grpcTransport, nio, nioPosix, http2, hpack, lifecycle,
                logging, arguments,
            ]),
        library(
            "Stages",
            [
                "ServerKit", "Wire", "GLMImage", "GLM4V", "ModelConfiguration", "GLMTiny", "Domain", "Checkpoint", "Imaging", "Tensor", "TensorCPU",
                "Devices",
                arguments,
            ]),

        // Programs that this one starts, watches and ends.
        .target(name: "CProcess"),
        library("Processes", ["CProcess"]),

        // What stands in front of them: which cards there are and what runs on them, requests that outlive their caller,
        // what is counted, and the gateway that brings them together.
        .target(name: "CCards"),
        library("Placement", ["CCards", "Domain", "Checkpoint", "Files", "ModelConfiguration", "TensorCPU", yaml]),
        library("Jobs", [sqlite]),
        .target(name: "CPostgres", linkerSettings: [.linkedLibrary("pq")]),
        library("PostgresJobs", ["CPostgres", "Jobs"]),
        // Objects of a server that speaks S3.
        library("Buckets", ["Domain", crypto, httpClient, nio, nioHTTP1]),
        library("Telemetry", [metrics, http, httpTypes, nio]),
        library("OTLP", ["Domain", "ServerKit", "Traces", "Wire", httpClient, nio, nioHTTP1, lifecycle, logging, metrics, tracing]),
        // A server of HTTP, whatever it answers: connections, limits, peers that leave.
        library(
            "HTTPServing",
            [
                "Sockets", "TLS", httpCore, httpTypes, nio, nioExtras, nioHTTP1, nioHTTPTypes, nioHTTPTypesHTTP2, nioPosix, nioTLS, http2, lifecycle,
                logging,
            ]),
        // The page that the gateway serves to browsers, in the program.
        .target(name: "CPage", exclude: ["index.html", "page.css", "page.js"]),
        // What clients of OpenAI's HTTP API speak: their requests become those of the gateway, the gateway's answers theirs.
        library(
            "HTTPAPI",
            [
                "CPage", "HTTPServing", "Traces", "ServerKit", "Keys", "Domain", "Wire", "Imaging", http, httpTypes, httpClient, nio, nioHTTP1,
                nioPosix, logging, tracing, crypto,
            ]),
        library(
            "Gateway",
            [
                "Processes", "Placement", "Jobs", "PostgresJobs", "Buckets", "Telemetry", "OTLP", "Traces", "HTTPServing", "HTTPAPI", "ServerKit",
                "Keys", "Files", "TLS",
                "Wire", "Domain", "Checkpoint",
                "ModelConfiguration",
                "Imaging", deque,
                lifecycle, logging, metrics, crypto, tracing,
            ]),

        executable("glm-vision", ["Stages", "ServerKit"]),
        executable("glm-text", ["Stages", "ServerKit"]),
        executable("glm-diffusion", ["Stages", "ServerKit"]),
        executable(
            "glm-gateway",
            [
                "Gateway", "PostgresJobs", "Buckets", "HTTPAPI", "OTLP", "Processes", "Placement", "Telemetry", "Traces", "Domain", "ServerKit",
                "TLS", "Wire", "GLMTiny",
                metrics,
                tracing,
            ]),
        executable(
            "glm",
            [
                "Wire", "Domain", "Files", "Keys", "Terminal", "ServerKit", "TLS", "Stages", "Processes", "Placement", "ModelConfiguration",
                "GLMImage",
                "GLM4V", "ModelTools", "Tensor",
                "TensorCPU", "Devices", "Checkpoint", "Imaging", "GLMTiny",
            ]),

        // Computes on the CPU behind CANN's names, and enforces its rules.
        .target(
            name: "AscendStandIn", dependencies: ["CAscend"], path: "Tests/AscendStandIn", exclude: ["npu-smi"],
            cSettings: [.define("CA_PROTOTYPES")], linkerSettings: [.linkedLibrary("pthread"), .linkedLibrary("m")]),

        // Makes copies of it that lack what an older CANN would.
        .target(name: "StandInFiles", path: "Tests/StandInFiles", swiftSettings: settings),

        // The checkpoints and reference files of the tests.
        .target(name: "ModelFixtures", dependencies: ["Checkpoint"], path: "Tests/ModelFixtures", swiftSettings: settings),

        // Receives spans, for tests.
        .target(
            name: "SpanCollector", dependencies: [http, lifecycle, logging, nio], path: "Tests/SpanCollector", swiftSettings: settings),

        // What test targets share.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),

        tests("AscendStandInTests", ["AscendStandIn", "CAscend", "Domain", "Placement"], computes: true),
        tests(
            "TensorAscendTests",
            [
                "TestSupport", "StandInFiles", "Domain", "TensorAscend", "Devices", "Tensor", "TensorCPU", "Layers", "Decoding", "GLMImage", "GLM4V",
                "ModelConfiguration", "ModelFixtures", "ModelTools",
                "Checkpoint", "Imaging",
            ], computes: true),
        tests("DomainTests", ["Domain"]),
        tests("FilesTests", ["Files"]),
        tests("TerminalTests", ["Terminal", "Imaging"]),
        tests("TensorCPUTests", ["Domain", "TensorCPU", "Tensor"], computes: true),
        tests("DevicesTests", ["Devices", "Domain", "Tensor", "TensorCPU"]),
        tests("CheckpointTests", ["TestSupport", "Checkpoint", "Tensor"], computes: true),
        tests("TokenizingTests", ["TestSupport", "Tokenizing"], computes: true),
        tests("ImagingTests", ["TestSupport", "Imaging", "Domain", "Checkpoint", "Tensor"], computes: true),
        tests("ModelConfigurationTests", ["ModelConfiguration", "Domain"]),
        tests("LayersTests", ["Layers", "ModelFixtures", "Checkpoint", "Tensor", "TensorCPU"], computes: true),
        tests(
            "DecodingTests",
            ["TestSupport", "Domain", "Decoding", "GLMImage", "ModelConfiguration", "ModelFixtures", "Layers", "Checkpoint", "Tensor", "TensorCPU"],
            computes: true),
        tests(
            "GLMImageTests",
            ["TestSupport", "GLMImage", "Decoding", "ModelConfiguration", "ModelFixtures", "Domain", "Tensor", "TensorCPU", "Checkpoint", "Imaging"],
            computes: true),
        tests(
            "GLM4VTests",
            [
                "TestSupport", "GLM4V", "Decoding", "ModelConfiguration", "ModelFixtures", "Domain", "Tensor", "TensorCPU", "Checkpoint",
                "Tokenizing",
                "Imaging",
            ], computes: true),
        tests(
            "ModelToolsTests",
            [
                "TestSupport", "ModelTools", "ModelConfiguration", "ModelFixtures", "GLMImage", "GLM4V", "Devices", "Domain", "Tensor", "TensorCPU",
                "Checkpoint",
            ]),
        tests("SocketsTests", ["Sockets", nio, nioEmbedded, nioPosix]),
        tests("WireTests", ["Wire", "Domain", grpc], exclude: ["Contract-0.1.txt"]),
        tests("KeysTests", ["Keys", "Domain", logging]),
        tests(
            "ServerKitTests",
            ["TestSupport", "ServerKit", "Keys", "Domain", "Wire", grpc, grpcTransport, nio, nioEmbedded, http2, hpack, logging, arguments]),
        tests("PlacementTests", ["TestSupport", "Placement", "ModelConfiguration", "Checkpoint", "Domain"]),
        tests("JobsTests", ["Jobs", "PostgresJobs", sqlite]),
        tests("BucketsTests", ["Buckets"]),
        tests("TelemetryTests", ["Telemetry", http, httpTypes, metrics, nio]),
        tests(
            "HTTPServingTests",
            ["TestSupport", "HTTPServing", http, httpTypes, lifecycle, logging, nio, nioEmbedded, nioHTTP1, nioHTTPTypes, nioTLS]),
        tests("TracesTests", ["Traces", tracing]),
        tests("OTLPTests", ["OTLP", "SpanCollector", "Traces", lifecycle, logging, tracing]),
        tests("HTTPAPITests", ["HTTPAPI", "Keys", "Domain", "Wire", httpTypes, crypto, logging]),
        tests("ProcessesTests", ["Processes"]),
        tests(
            "GatewayTests",
            [
                "TestSupport", "Checkpoint", "Gateway", "Jobs", "Placement", "Processes", "Domain", "Imaging", "ServerKit", "Telemetry", "Traces",
                "Wire",
                arguments, crypto,
                logging,
                sqlite, tracing,
            ]),
        tests(
            "FuzzTests",
            [
                "TestSupport", "Checkpoint", "Domain", "Gateway", "GLM4V", "GLMImage", "Imaging", "Jobs", "ModelConfiguration", "Placement",
                "Telemetry",
                "Tensor", "Tokenizing", "Wire", grpc, metrics, sqlite,
            ], computes: true),
        tests(
            "EndToEndTests",
            ["TestSupport", "SpanCollector", "StandInFiles", "GLMClient", "Processes", "Domain", "TLS", "Traces", "Wire", "Imaging", tracing]),
    ]
)

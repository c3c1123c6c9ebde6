import Domain
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import ServerKit
import Testing
import Wire

/// Bytes as they are: what a client that is not ours may send.
private struct RawBytes: MessageSerializer, MessageDeserializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Bytes { Bytes(message) }
    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> [UInt8] { bytes.withUnsafeBytes { [UInt8]($0) } }
}

@Suite(.timeLimit(.minutes(1))) struct RawCallTests {
    @Test("a request over the method's limit is RESOURCE_EXHAUSTED with both numbers, and the connection lives on")
    func tooLarge() async throws {
        let fixture = try await Fixture.start([])
        let limit = Methods.Text.generate.requestLimit
        let refusal = await #expect(throws: RPCError.self) {
            try await send([UInt8](repeating: 0, count: limit + 1), to: fixture)
        }
        #expect(refusal?.code == .resourceExhausted)
        #expect(refusal?.message == "the request has \(limit + 1) bytes; at most \(limit)")
        #expect(try await fixture.text.generate(Fixture.request).target.codes == [1])
        try await fixture.stop()
    }

    @Test("our own client refuses to send a request over the limit, with both numbers")
    func tooLargeToSend() async throws {
        let fixture = try await Fixture.start([])
        let limit = Methods.Text.generate.requestLimit
        let refusal = await #expect(throws: CallError.self) {
            let size = GridSize(height: 2048, width: 2048)
            let codes = CodeGrid(size, codes: Array(repeating: 1 << 20, count: size.count))
            let small = Fixture.request
            _ = try await fixture.text.generate(TokenRequest(prompt: small.prompt, parameters: small.parameters, sources: [codes]))
        }
        #expect(refusal?.status == .resourceExhausted)
        #expect(refusal?.message.hasSuffix("at most \(limit)") == true, "\(refusal?.message ?? "")")
        try await fixture.stop()
    }

    @Test(
        "bytes that are no message, and fields that this build does not know, are INVALID_ARGUMENT",
        arguments: [
            ([0xff, 0xff], "glm.v1.GenerateTokensRequest: a number without end"),
            ([0x0a, 5, 0x61], "glm.v1.GenerateTokensRequest: a field of 5 bytes where 1 are left"),
            ([0xa0, 0x06, 1], "glm.v1.GenerateTokensRequest: field 100 is not known to this build"),
        ] as [([UInt8], String)])
    func malformed(bytes: [UInt8], message: String) async throws {
        let fixture = try await Fixture.start([])
        let refusal = await #expect(throws: RPCError.self) { try await send(bytes, to: fixture) }
        #expect(refusal?.code == .invalidArgument)
        #expect(refusal?.message == message)
        try await fixture.stop()
    }

    @Test("reflection lists the services and hands out their files, under both of its names", arguments: Methods.Reflection.services)
    func reflection(service: String) async throws {
        let fixture = try await Fixture.start([])
        let answers = try await withClient(of: fixture) { client in
            try await client.bidirectionalStreaming(
                request: StreamingClientRequest { writer in
                    try await writer.write(ServerReflectionRequest(messageRequest: .listServices("")).packed())
                    try await writer.write(ServerReflectionRequest(messageRequest: .fileContainingSymbol("glm.v1.Text")).packed())
                    try await writer.write(ServerReflectionRequest(messageRequest: .fileByFilename("nothing.proto")).packed())
                },
                descriptor: Methods.Reflection.info(service).descriptor, serializer: RawBytes(), deserializer: RawBytes(), options: .defaults
            ) { response in
                try await response.messages.reduce(into: []) { $0.append(try ServerReflectionResponse(packed: $1).messageResponse) }
            }
        }
        #expect(answers.count == 3)
        let services = ["glm.v1.Stage", "glm.v1.Text", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"]
        #expect(answers[0] == .listServicesResponse(ListServiceResponse(service: services.map { ServiceResponse(name: $0) })))
        guard case .fileDescriptorResponse(let files) = answers[1] else { return #expect(Bool(false), "\(answers[1])") }
        // text.proto, and what it imports: answer.proto, common.proto; image.proto through answer.proto.
        #expect(files.fileDescriptorProto.count == 4)
        #expect(answers[2] == .errorResponse(ErrorResponse(errorCode: 5, errorMessage: "no file nothing.proto")))
        try await fixture.stop()
    }

    @Test("a call with too much metadata is refused with both numbers, and the other calls of its connection go on")
    func metadata() async throws {
        let fixture = try await Fixture.start([.hold])
        try await withClient(of: fixture) { client in
            let other = Task { try await generate(Fixture.request.packed(), on: client) }
            await fixture.waitUntilBegun()
            let refusal = await #expect(throws: RPCError.self) {
                try await generate(Fixture.request.packed(), ["k": .string(String(repeating: "v", count: 200 << 10))], on: client)
            }
            #expect(refusal?.code == .resourceExhausted)
            #expect(refusal?.message.hasSuffix("at most \(RequestHeaders.sizeLimit)") == true, "\(refusal?.message ?? "")")
            fixture.release.finish()
            try await other.value
        }
        try await fixture.stop()
    }

    @Test("a client that pings five times a second keeps its place, with a call and without")
    func pings() async throws {
        let fixture = try await Fixture.start([.hold])
        let keepalive = HTTP2ClientTransport.Config.Keepalive(time: .milliseconds(200), timeout: .seconds(5), allowWithoutCalls: true)
        try await withClient(of: fixture, keepalive: keepalive) { client in
            let call = Task { try await generate(Fixture.request.packed(), on: client) }
            await fixture.waitUntilBegun()
            // More pings than the three that the library allows by itself.
            for _ in 0..<20 {
                try await Task.sleep(for: .milliseconds(100))
                _ = try await client.unary(
                    request: ClientRequest(message: []), descriptor: Methods.Stage.describe.descriptor, serializer: RawBytes(),
                    deserializer: RawBytes(), options: .defaults
                ) { try $0.message }
            }
            fixture.release.finish()
            try await call.value
        }
        try await fixture.stop()
    }

    @Test("a stream that its caller never ends does not hold up the end of the process", arguments: [Methods.Stage.describe.name, "Nothing"])
    func openStream(method: String) async throws {
        let fixture = try await Fixture.start([])
        try await withClient(of: fixture) { client in
            let (sent, onSent) = AsyncStream<Void>.makeStream()
            let call = Task {
                try await client.bidirectionalStreaming(
                    request: StreamingClientRequest<[UInt8]> { _ in
                        onSent.yield()
                        try await Task.sleep(for: .seconds(3600))
                    }, descriptor: MethodDescriptor(fullyQualifiedService: Methods.Stage.service, method: method), serializer: RawBytes(),
                    deserializer: RawBytes(), options: .defaults
                ) { for try await _ in $0.messages {} }
            }
            for await _ in sent { break }
            try await fixture.stop()
            call.cancel()
            await #expect(throws: (any Error).self) { try await call.value }
        }
    }

    private func generate(_ bytes: [UInt8], _ metadata: Metadata = [:], on client: GRPCClient<HTTP2ClientTransport.Posix>) async throws {
        try await client.serverStreaming(
            request: ClientRequest(message: bytes, metadata: metadata), descriptor: Methods.Text.generate.descriptor, serializer: RawBytes(),
            deserializer: RawBytes(), options: .defaults
        ) { for try await _ in $0.messages {} }
    }

    private func send(_ bytes: [UInt8], to fixture: Fixture) async throws {
        try await withClient(of: fixture) { try await generate(bytes, on: $0) }
    }

    private func withClient<R: Sendable>(
        of fixture: Fixture, keepalive: HTTP2ClientTransport.Config.Keepalive? = nil,
        _ body: @Sendable (GRPCClient<HTTP2ClientTransport.Posix>) async throws -> R
    ) async throws -> R {
        guard case .unix(let path) = fixture.server.address else { preconditionFailure("not a Unix socket") }
        let transport = try HTTP2ClientTransport.Posix(
            target: .unixDomainSocket(path: path, authority: "localhost"), transportSecurity: .plaintext,
            config: .defaults { $0.connection.keepalive = keepalive })
        return try await withGRPCClient(transport: transport) { try await body($0) }
    }
}

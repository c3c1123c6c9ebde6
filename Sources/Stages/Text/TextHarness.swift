import GLMImage
import Domain
public import ServerKit
public import Wire

/// Answers the wire with a text service.
public struct TextHarness<Service: TextService>: TextHandler {
    private let service: Service
    private let gate: WorkGate

    public init(_ service: Service, gate: WorkGate) {
        self.service = service
        self.gate = gate
    }

    public func generate(_ request: GenerateTokensRequest, _ call: ServerCall, send: @escaping Send<GenerateTokensEvent>) async throws {
        let order = try TokenRequest(checking: request)
        try await gate.work(call) { token in
            let events = EventBuffer<TextEvent>()
            async let made = {
                defer { events.finish() }
                return try await service.generate(order, token: token, onEvent: events.append)
            }()
            do {
                for await batch in events {
                    for event in Self.grouped(batch) { try await send(event) }
                }
            } catch {
                // Nobody reads any more: the request leaves the batch at its next step.
                token.cancel(.callerLeft)
                throw error
            }
            let (preview, target, timings) = try await made
            try await send(.result(GeneratedTokens(preview: preview.map { Wire.CodeGrid($0) }, target: Wire.CodeGrid(target), timings: timings)))
        }
    }

    /// Tokens that came together travel together.
    static func grouped(_ batch: [TextEvent]) -> [GenerateTokensEvent] {
        var events: [GenerateTokensEvent] = []
        var tokens: Tokens?
        for event in batch {
            switch event {
            case .layout(let layout):
                events.append(.layout(Wire.TokenLayout(layout)))
            case .token(let index, let id):
                if tokens == nil { tokens = Tokens(first: index, ids: []) }
                tokens?.ids.append(id)
            }
        }
        if let tokens { events.append(.tokens(tokens)) }
        return events
    }
}

extension TokenRequest {
    /// Refuses what no checkpoint could compute, before it waits in line.
    init(checking request: GenerateTokensRequest) throws {
        try RequestLimits.checkPrompt(request.prompt)
        try RequestLimits.checkSize(height: request.height, width: request.width)
        try RequestLimits.checkSourceCount(request.sources.count)
        let sampling = request.sampling.map { SamplingOverride(greedy: $0.greedy, temperature: $0.temperature, topP: $0.topP, topK: $0.topK) }
        try RequestLimits.checkSampling(sampling ?? SamplingOverride())
        self.init(
            prompt: request.prompt, height: request.height, width: request.width,
            sources: try request.sources.enumerated().map { try GLMImage.CodeGrid($1, "sources[\($0)]") },
            seed: request.seed, sampling: sampling ?? SamplingOverride())
    }
}

extension Wire.TokenLayout {
    init(_ layout: GLMImage.TokenLayout) {
        self.init(
            preview: layout.preview.map { Wire.GridSize(height: $0.height, width: $0.width) },
            target: Wire.GridSize(height: layout.target.height, width: layout.target.width),
            promptTokens: layout.promptTokens, totalTokens: layout.totalTokens)
    }
}

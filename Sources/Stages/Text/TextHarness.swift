public import Domain
public import ServerKit
public import Wire

/// Answers ``Methods/Text`` with a text service.
public struct TextHarness<Service: TextService>: TextHandler {
    private let service: Service
    private let gate: WorkGate

    public init(_ service: Service, gate: WorkGate) {
        self.service = service
        self.gate = gate
    }

    public func generate(_ request: TokenRequest, _ call: ServerCall, send: @escaping Send<GenerateTokensEvent>) async throws {
        try await gate.stream(call) {
            try await service.generate(request, token: $0, onEvent: $1)
        } send: { batch in
            for event in Self.grouped(batch) { try await send(event) }
        } finish: {
            try await send(.result($0))
        }
    }

    public func answer(_ request: AnswerRequest, _ call: ServerCall, send: @escaping Send<AnswerTokensEvent>) async throws {
        try await gate.stream(call, merging: Self.merge) {
            try await service.answer(request, token: $0, onEvent: $1)
        } send: { batch in
            for event in batch { try await send(AnswerTokensEvent(event)) }
        } finish: {
            try await send(.result($0))
        }
    }

    /// Tokens that were generated since the last event are sent together.
    static func grouped(_ batch: [TextEvent]) -> [GenerateTokensEvent] {
        var events: [GenerateTokensEvent] = []
        var tokens: Tokens?
        for event in batch {
            switch event {
            case .layout(let layout):
                events.append(.layout(layout))
            case .token(let index, let id):
                if tokens == nil { tokens = Tokens(first: index) }
                tokens?.ids.append(id)
            }
        }
        if let tokens { events.append(.tokens(tokens)) }
        return events
    }

    /// What the caller has not read yet takes no more memory than the answer itself.
    static func merge(_ event: AnswerEvent, into last: inout AnswerEvent) -> Bool {
        switch (event, last) {
        case (.delta(let delta), .delta(var merged)):
            guard merged.merge(delta) else { return false }
            last = .delta(merged)
            return true
        case (.read(let tokens), .read(let before)):
            // A sign of life without news has 0.
            last = .read(tokens: max(tokens, before))
            return true
        default: return false
        }
    }
}

extension AnswerTokensEvent {
    init(_ event: AnswerEvent) {
        switch event {
        case .layout(let layout): self = .layout(layout)
        case .read(let tokens): self = .reading(PromptReading(tokens: tokens))
        case .delta(let delta): self = .delta(delta)
        }
    }
}

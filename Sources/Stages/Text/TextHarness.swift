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
        try await gate.work(call) { token in
            let events = EventBuffer<TextEvent>()
            async let generated = {
                defer { events.finish() }
                return try await service.generate(request, token: token, onEvent: events.append)
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
            try await send(.result(try await generated))
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
}

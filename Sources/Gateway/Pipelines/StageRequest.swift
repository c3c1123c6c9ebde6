package import Domain
package import Wire

/// What stages can be asked for, one case for each kind.
package enum StageRequest: Sendable, Hashable {
    case encode(EncodeRequest)
    case generate(TokenRequest)
    case render(RenderRequest)

    package var kind: StageKind {
        switch self {
        case .encode: .vision
        case .generate: .text
        case .render: .diffusion
        }
    }

    /// Calls a stage; every event in order, the result last.
    func call(_ connection: StageConnection, _ settings: CallSettings, onEvent: @escaping Send<StageEvent>) async throws {
        switch self {
        case .encode(let request):
            try await onEvent(.encoded(try await VisionClient(connection).encode(request, settings)))
        case .generate(let request):
            _ = try await TextClient(connection).generate(request, settings) { try await onEvent(.text($0)) }
        case .render(let request):
            _ = try await DiffusionClient(connection).render(request, settings) { try await onEvent(.diffusion($0)) }
        }
    }
}

/// What stages answer.
package enum StageEvent: Sendable, Hashable {
    case encoded(EncodeResponse)
    case text(GenerateTokensEvent)
    case diffusion(RenderEvent)
}

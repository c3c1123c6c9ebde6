package import Domain
package import Wire

/// What stages can be asked for.
package enum StageRequest: Sendable, Hashable {
    case encode(EncodeRequest)
    case embed(EmbedRequest)
    case generate(TokenRequest)
    case answer(AnswerRequest)
    case render(RenderRequest)

    package var kind: StageKind {
        switch self {
        case .encode, .embed: .vision
        case .generate, .answer: .text
        case .render: .diffusion
        }
    }

    /// What a stage must allow of step caching.
    package var stepCache: Float {
        if case .render(let request) = self { request.parameters.stepCache } else { 0 }
    }

    /// Calls a stage; every event in order, the result last.
    /// - Parameter beat: called when the stage has made something, whether it is an event of its own or not.
    func call(
        _ connection: StageConnection, _ settings: CallSettings, beat: @escaping @Sendable () -> Void, onEvent: @escaping Send<StageEvent>
    ) async throws {
        switch self {
        case .encode(let request):
            try await onEvent(.encoded(try await VisionClient(connection).encode(request, settings)))
        case .embed(let request):
            let rows = EmbeddedRows()
            let result = try await VisionClient(connection).embed(request, settings) { event in
                beat()
                try rows.add(event)
            }
            try await onEvent(.embedded(Embedding(rows: try rows.complete(), timings: result.timings)))
        case .generate(let request):
            _ = try await TextClient(connection).generate(request, settings) {
                beat()
                try await onEvent(.text($0))
            }
        case .answer(let request):
            _ = try await TextClient(connection).answer(request, settings) {
                beat()
                try await onEvent(.answer($0))
            }
        case .render(let request):
            _ = try await DiffusionClient(connection).render(request, settings) {
                beat()
                try await onEvent(.diffusion($0))
            }
        }
    }
}

/// What stages answer.
package enum StageEvent: Sendable, Hashable {
    case encoded(EncodeResponse)
    case embedded(Embedding)
    case text(GenerateTokensEvent)
    case answer(AnswerTokensEvent)
    case diffusion(RenderEvent)
}

/// An image of a question as vision has embedded it.
package struct Embedding: Sendable, Hashable {
    package let rows: PictureRows
    /// Phases of the stage, in order; none of rows that were known.
    package let timings: [Timing]

    package init(rows: PictureRows, timings: [Timing] = []) {
        self.rows = rows
        self.timings = timings
    }
}

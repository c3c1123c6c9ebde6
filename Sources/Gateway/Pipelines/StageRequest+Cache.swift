import Domain
import Wire

extension StageRequest {
    /// Under what the answer to it is kept, when `source` computes it; nil: answers of its kind are not kept.
    func cacheKey(_ source: StageSource) -> EncoderCache.Key? {
        switch self {
        case .encode(let request): EncoderCache.Key(picture: request.image, model: source.fingerprint, numerics: source.numerics)
        case .embed(let request):
            EncoderCache.Key(picture: request.image, model: source.fingerprint, numerics: source.numerics, maxPixels: request.maxPixels)
        case .generate, .answer, .render: nil
        }
    }
}

extension StageEvent {
    /// What is kept of it; nil: nothing.
    var cached: EncoderCache.Value? {
        switch self {
        case .encoded(let response): .codes(response.grid)
        case .embedded(let embedding): .rows(embedding.rows)
        case .text, .answer, .diffusion: nil
        }
    }
}

extension EncoderCache.Value {
    /// The event that a stage would have sent.
    var event: StageEvent {
        switch self {
        case .codes(let grid): .encoded(EncodeResponse(grid: grid, timings: []))
        case .rows(let rows): .embedded(Embedding(rows: rows))
        }
    }
}

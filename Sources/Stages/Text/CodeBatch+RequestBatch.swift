import Domain
import GLMImage

extension CodeBatch: RequestBatch {
    typealias Request = TokenRequest
    typealias News = TextEvent
    typealias Result = GeneratedTokens

    /// A request has all its pages from the beginning.
    var preemptions: Int { 0 }

    func enter(_ request: TokenRequest) throws -> (ticket: Int, news: TextEvent?) {
        let (ticket, layout) = try add(request)
        return (ticket, .layout(layout))
    }

    func round(checkCancellation: (Int) throws -> Void, onEvent: (BatchEvent<CodeBatch>) -> Void) throws {
        try advance(checkCancellation: checkCancellation) { event in
            switch event {
            case .token(let ticket, let index, let id): onEvent(.news(ticket, .token(index: index, id: id)))
            case .done(let ticket, let preview, let target): onEvent(.done(ticket, GeneratedTokens(preview: preview, target: target)))
            case .failed(let ticket, let error): onEvent(.failed(ticket, error))
            }
        }
    }

    /// The codes of the preview come first.
    static func phase(of news: TextEvent, after first: TextEvent?) -> String? {
        guard case .token(let index, _) = news else { return nil }
        guard case .layout(let layout) = first, let preview = layout.preview else { return "decode" }
        return index < preview.count ? "preview" : "decode"
    }
}

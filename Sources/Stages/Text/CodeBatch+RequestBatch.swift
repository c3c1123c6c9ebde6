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

    static func isGenerated(_ news: TextEvent) -> Bool { if case .token = news { true } else { false } }

    static var signOfLife: TextEvent? { nil }
}

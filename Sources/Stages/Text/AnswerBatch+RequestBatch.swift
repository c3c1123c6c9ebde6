import Domain
import GLM4V

extension AnswerBatch: RequestBatch {
    typealias Request = AnswerRequest
    typealias News = AnswerEvent
    typealias Result = AnswerResult

    /// Its layout is told when it has left the queue: only then it is known how much of the prompt stands in the cache.
    func enter(_ request: AnswerRequest) throws -> (ticket: Int, news: AnswerEvent?) { (try add(request).ticket, nil) }

    func round(checkCancellation: (Int) throws -> Void, onEvent: (BatchEvent<AnswerBatch>) -> Void) throws {
        try advance(checkCancellation: checkCancellation) { event in
            switch event {
            case .admitted(let ticket, let layout): onEvent(.news(ticket, .layout(layout)))
            case .read(let ticket, let tokens): onEvent(.news(ticket, .read(tokens: tokens)))
            case .delta(let ticket, let delta): onEvent(.news(ticket, .delta(delta)))
            case .done(let ticket, let result): onEvent(.done(ticket, result))
            case .failed(let ticket, let error): onEvent(.failed(ticket, error))
            }
        }
    }

    static func phase(of news: AnswerEvent, after first: AnswerEvent?) -> String? { if case .delta = news { "decode" } else { nil } }
}

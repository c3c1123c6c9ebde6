import Domain
import Tracing
import Wire

extension StageEvent {
    /// What a stage has measured; empty before its result.
    var timings: [Timing] {
        switch self {
        case .encoded(let response): response.timings
        case .embedded(let embedding): embedding.timings
        case .text(.result(let tokens)): tokens.timings
        case .answer(.result(let result)): result.timings
        case .diffusion(.result(let image)): image.timings
        case .text, .answer, .diffusion: []
        }
    }

    /// What a phase has made, as far as the result tells.
    func attributes(of phase: String) -> SpanAttributes {
        let tokens: Int? =
            switch (self, phase) {
            case (.encoded(let response), "encode"): response.grid.codes.count
            case (.embedded(let embedding), "encode"): embedding.rows.grid.count
            case (.text(.result(let result)), "preview"): result.preview?.codes.count
            case (.text(.result(let result)), "decode"): result.target.codes.count
            case (.answer(.result(let result)), "prefill"): result.usage.promptTokens
            case (.answer(.result(let result)), "decode"): result.usage.completionTokens
            default: nil
            }
        return tokens.map { ["glm.tokens": .int(Int64($0))] } ?? [:]
    }
}

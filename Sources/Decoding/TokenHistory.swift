/// The ids that a request has read and generated, as penalties count them.
struct TokenHistory: Sendable {
    /// Of the prompt; empty where no penalty asks for them.
    let prompt: Set<Int32>
    /// How often the answer holds each of its ids.
    private(set) var counts: [Int32: Int] = [:]
    private let counted: Bool

    init(_ request: DecodingRequest) {
        let shaping = request.sampler.shaping
        prompt = shaping.repetitionPenalty == 1 ? [] : Set(request.prompt)
        counted = shaping.hasPenalties
        for id in request.told { append(id) }
    }

    mutating func append(_ id: Int32) {
        if counted { counts[id, default: 0] += 1 }
    }
}

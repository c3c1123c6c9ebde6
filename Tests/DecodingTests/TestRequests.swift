import Decoding
import Tensor
import TestSupport

/// Requests for a decoder of the fixtures: 604 ids are read, 80 sampled, 96 elements a row.
enum TestRequests {
    /// One of each kind: greedy, sampled, with images, with penalties and log probabilities, with forced ids, ended by a token.
    static let all: [DecodingRequest] = [
        make(prompt: 3, limit: 300, greedy: true, seed: 1),
        make(prompt: 70, limit: 260, seed: 2),
        make(prompt: 330, limit: 200, images: [(10, 40, .f32), (100, 200, .bf16)], seed: 3),
        make(
            prompt: 40, limit: 280,
            shaping: LogitShaping(minP: 0.02, repetitionPenalty: 1.3, presencePenalty: 0.3, frequencyPenalty: 0.2, logprobs: 4), seed: 4),
        make(prompt: 300, limit: 240, forced: ForcedTokens { $0.count % 7 == 3 ? Int32($0.count % 80) : nil }, seed: 5),
        make(prompt: 20, limit: 250, shaping: LogitShaping(repetitionPenalty: 1.2), stops: [0, 16, 32, 48, 64], seed: 6),
    ]

    /// A prompt of random ids, the same for the same seed and longer for a longer one.
    /// - Parameter images: where in the prompt, how many rows, of which type.
    static func make(
        prompt count: Int, limit: Int, greedy: Bool = false, images: [(at: Int, count: Int, dtype: DType)] = [],
        shaping: LogitShaping = .none, forced: ForcedTokens? = nil, stops: Set<Int32>? = nil, seed: UInt64, told: [Int32] = [],
        cachesPrefix: Bool = false
    ) -> DecodingRequest {
        var random = SplitMix(state: seed)
        let prompt = (0..<count).map { _ in Int32.random(in: 0..<604, using: &random) }
        let rows = images.map { image in
            var random = SplitMix(state: seed &+ UInt64(image.at))
            let values = (0..<image.count * 96).map { _ in Float.random(in: -0.1...0.1, using: &random) }
            return InsertedRows(
                at: image.at, rows: Self.rows(values, image.count, image.dtype),
                digest: [UInt8(truncatingIfNeeded: seed), UInt8(truncatingIfNeeded: image.at)])
        }
        // Positions as of an image: those behind are closer than their tokens.
        let positions = SequencePositions(
            known: (0..<count).map { RotaryPosition(temporal: $0 / 2, height: $0 / 2 + $0 % 3, width: $0 / 2 + $0 % 2) }, next: count / 2 + 3)
        return DecodingRequest(
            prompt: prompt, positions: positions,
            sampler: Sampler(
                SamplingParameters(temperature: 1.1, topP: 0.95, topK: 60), greedy: greedy, seed: seed, shaping: shaping),
            stop: .tokens(stops ?? [], limit: limit), rows: rows, told: told, forced: forced, cachesPrefix: cachesPrefix)
    }

    static func rows(_ values: [Float], _ count: Int, _ dtype: DType) -> EmbeddingRows {
        let bytes =
            dtype == .f32
            ? values.withUnsafeBytes(Array.init) : values.map { UInt16($0.bitPattern >> 16) }.withUnsafeBytes(Array.init)
        return EmbeddingRows(count: count, dtype: dtype, bytes: bytes)
    }

    struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            let mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            return (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        }
    }
}

extension DecodingRequest {
    /// The same request with some fields changed.
    func with(
        told: [Int32]? = nil, cachesPrefix: Bool? = nil, prompt: [Int32]? = nil, stop: StopCondition? = nil, drafts: DraftTokens? = nil
    ) -> DecodingRequest {
        DecodingRequest(
            prompt: prompt ?? self.prompt, positions: positions, sampler: sampler, stop: stop ?? self.stop, rows: rows, told: told ?? self.told,
            forced: forced, drafts: drafts ?? self.drafts, cachesPrefix: cachesPrefix ?? self.cachesPrefix)
    }
}

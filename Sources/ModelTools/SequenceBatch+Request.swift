import Decoding
import ModelConfiguration
import Tensor

// How the tools decode a request: alone, and with more of its results than a stage asks for.

extension DecodingRequest {
    /// A prompt that at most `limit` tokens follow, by argmax.
    init(_ prompt: [Int32], positions: SequencePositions, rows: [InsertedRows] = [], limit: Int) {
        self.init(
            prompt: prompt, positions: positions, sampler: Sampler(.greedy, greedy: true, seed: 0), stop: .count(limit), rows: rows)
    }
}

extension SequenceBatch {
    /// A batch of one sequence, with room for the request.
    static func alone(_ decoder: TokenDecoder, _ request: DecodingRequest) -> (SequenceBatch, Sequence) {
        let bytes = request.pages * DecoderSizes.pageRows * decoder.cacheBytesPerToken
        let batch = SequenceBatch(decoder, size: 1, cacheBytes: bytes)
        guard let sequence = batch.open(request.positions, capacity: request.capacity) else { preconditionFailure("a pool of \(bytes) bytes") }
        return (batch, sequence)
    }

    /// Appends the request's prompt as a stage does: chunk by chunk.
    /// - Parameters:
    ///   - layer: called before each layer of each chunk.
    ///   - each: called behind each chunk with the number of its tokens.
    func read(
        _ request: DecodingRequest, _ sequence: Sequence, layer: () throws -> Void = {}, each: (Int) throws -> Void = { _ in }
    ) throws {
        while sequence.count < request.prompt.count {
            let chunk = request.chunk(from: sequence.count)
            try extend(sequence, by: Array(request.prompt[chunk]), inserted: request.rows, checkCancellation: layer)
            try each(chunk.count)
        }
    }
}

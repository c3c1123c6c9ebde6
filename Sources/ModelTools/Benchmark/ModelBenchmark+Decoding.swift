import Decoding
import ModelConfiguration
import Tensor

extension ModelBenchmark {
    static func decodingParts(_ sizes: Sizes) -> [String] { ["prefill"] + sizes.batches.map(decodePart) }

    /// The name of a step of so many sequences.
    static func decodePart(_ size: Int) -> String { size == 1 ? "decode" : "decode-\(size)" }

    /// Times the prefill of a prompt, and steps of one and of several sequences behind it.
    func decoding(_ decoder: TokenDecoder, _ timed: (PartTiming) -> Void) throws {
        let vocabulary = decoder.configuration.outputSize
        let prompt = (0..<sizes.promptTokens).map { Int32($0 * 31 % decoder.configuration.vocabularySize) }
        let request = DecodingRequest(prompt, positions: SequencePositions(next: 0), limit: sizes.decodedTokens + 1)
        let most = sizes.batches.max() ?? 1
        let pages = most * request.pages
        let batch = SequenceBatch(decoder, size: most, cacheBytes: pages * DecoderSizes.pageRows * decoder.cacheBytesPerToken)
        func read() throws -> SequenceBatch.Sequence {
            guard let sequence = batch.open(request.positions, capacity: request.capacity) else { preconditionFailure("a pool of \(pages) pages") }
            try batch.read(request, sequence)
            batch.predictLast()
            _ = try batch.lastLogits()
            return sequence
        }
        func decode(_ sequences: [SequenceBatch.Sequence], _ ids: [Int32]) throws {
            try batch.step(sequences, .host(ids))
            _ = try batch.lastLogits()
        }
        try time("prefill", "\(sizes.promptTokens) tokens", tokens: sizes.promptTokens, timed) { batch.close(try read()) }
        let steps = sizes.batches.filter { wants(Self.decodePart($0)) }
        let rounds = sizes.decodedTokens / sizes.batches.count

        // In turn, so that whatever else the machine does falls on all sizes.
        let sequences = try (0..<(steps.max() ?? 0)).map { _ in try read() }
        var best = steps.map { _ in Duration.seconds(1_000_000) }
        var operations = steps.map { _ in OperationTime() }
        var work = steps.map { _ in MeteredDevice.Work() }
        power?.restart()
        for round in 0..<rounds {
            for (index, size) in steps.enumerated() {
                device.reset()
                let ids = (0..<size).map { Int32(($0 + round) % vocabulary) }
                let elapsed = try clock.measure { try decode(Array(sequences[..<size]), ids) }
                if elapsed < best[index] { (best[index], operations[index]) = (elapsed, device.time) }
                work[index] = device.work
            }
        }
        let watts = power?.mean
        for (index, size) in steps.enumerated() {
            timed(
                PartTiming(
                    part: Self.decodePart(size), workload: "\(size) token\(size == 1 ? "" : "s") after \(sizes.promptTokens)",
                    seconds: best[index].seconds, operations: operations[index], runs: rounds, tokens: size,
                    work: work[index], watts: watts))
        }
    }
}

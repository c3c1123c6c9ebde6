import Decoding
import Foundation
import Tensor
import Testing

/// Penalties, min-p, log probabilities and forced ids, told by what a batch answers.
@Suite struct LogitShapingTests {
    @Test("min-p leaves what is likely enough of what top-k and top-p have left")
    func minP() {
        // Shares: 0.5, 0.3, 0.2.
        let logits = [0.5, 0.3, 0.2].map { Float(log($0)) }
        var host = HostSampler()
        func ids(_ minP: Float, temperature: Float = 1, topP: Float = 1, topK: Int = 0) -> Set<Int32> {
            Set(
                (0..<300).map { position in
                    host.sample(
                        logits,
                        SamplingParameters(
                            temperature: temperature, topP: topP, topK: topK, generator: CounterGenerator(seed: 4, position: position)),
                        minP: minP)!
                })
        }
        #expect(ids(0) == [0, 1, 2] && ids(0.39) == [0, 1, 2] && ids(0.41) == [0, 1] && ids(0.61) == [0] && ids(1) == [0])
        // Behind the temperature: shares of 0.25, 0.09, 0.04.
        #expect(ids(0.39, temperature: 0.5) == [0])
        #expect(ids(0.1, topK: 2) == [0, 1] && ids(0.1, topP: 0.4) == [0] && ids(0.61, topP: 0.9) == [0])
        let broken = host.sample([0, .nan], .greedy, minP: 0.5)
        #expect(broken == nil)
    }

    /// The logits of a step are not told, so two runs are compared: log probabilities without penalties, and with them.
    @Test("penalties change the log probabilities of the ids that they name, by as much as they say")
    func penalties() throws {
        let decoder = try TestDecoder.make()
        let prompt: [Int32] = [5, 9, 3, 9, 70, 33]
        func logprobs(_ shaping: LogitShaping, told: [Int32]) throws -> [Int32: Float] {
            var shaping = shaping
            shaping.logprobs = 80
            let request = DecodingRequest(
                prompt: prompt, positions: SequencePositions(next: 0),
                sampler: Sampler(SamplingParameters(temperature: 0.1, topP: 0.1, topK: 1), seed: 1, shaping: shaping),
                stop: .count(told.count + 1), told: told)
            let story = try TestDecoder.batch(decoder, size: 1).run([request])[0]
            let told = try #require(story.logprobs.first ?? nil)
            #expect(told.alternatives.map(\.logprob) == told.alternatives.map(\.logprob).sorted(by: >) && told.alternatives.count == 80)
            #expect(told.alternatives.first == TokenLogprobs.Alternative(id: story.ids[0], logprob: told.chosen))
            #expect(abs(told.alternatives.reduce(0) { $0 + exp($1.logprob) } - 1) < 1e-5)
            return Dictionary(uniqueKeysWithValues: told.alternatives.map { ($0.id, $0.logprob) })
        }
        let told: [Int32] = [11, 12, 11, 9]
        let plain = try logprobs(.none, told: told)
        func expected(_ change: (Int32, Float) -> Float) -> [Int32: Float] {
            let logits = plain.mapValues { $0 }.map { ($0.key, change($0.key, $0.value)) }
            let sum = log(logits.reduce(0) { $0 + exp($1.1) })
            return Dictionary(uniqueKeysWithValues: logits.map { ($0.0, $0.1 - sum) })
        }
        func expectEqual(_ a: [Int32: Float], _ b: [Int32: Float]) { for (id, value) in a { #expect(abs(value - b[id]!) < 1e-4, "\(id)") } }
        expectEqual(try logprobs(LogitShaping(presencePenalty: 0.7), told: told), expected { [11, 12, 9].contains($0) ? $1 - 0.7 : $1 })
        expectEqual(
            try logprobs(LogitShaping(frequencyPenalty: -0.4), told: told),
            expected { id, value in value + 0.4 * Float(told.count { $0 == id }) })
        // The repetition penalty scales logits, of which log probabilities tell no more than differences: its sign and its ids are checked.
        let repeated = try logprobs(LogitShaping(repetitionPenalty: 50), told: told)
        let untouched = plain.keys.filter { !(prompt + told).contains($0) }.sorted()
        for id in untouched.dropFirst() {
            #expect(abs((repeated[id]! - repeated[untouched[0]]!) - (plain[id]! - plain[untouched[0]]!)) < 1e-4)
        }
        for id in Set(prompt + told) where id < 80 {
            #expect(repeated[id]! - repeated[untouched[0]]! < plain[id]! - plain[untouched[0]]! + 1e-4, "\(id) is no likelier")
        }
    }

    @Test("a forced id is taken whatever is likely, with its own log probability, and ids behind it follow from it")
    func forced() throws {
        let decoder = try TestDecoder.make()
        func run(_ forced: ForcedTokens?, told: [Int32] = []) throws -> Story {
            let request = TestRequests.make(
                prompt: 5, limit: 12, greedy: true, shaping: LogitShaping(logprobs: 80), forced: forced, seed: 1, told: told)
            return try TestDecoder.batch(decoder, size: 1).run([request])[0]
        }
        let free = try run(nil)
        let other = (free.ids[4] + 1) % 80
        let story = try run(ForcedTokens { $0.count == 4 ? other : nil })
        #expect(story.ids[..<4] == free.ids[..<4] && story.ids[4] == other)
        let logprobs = try #require(story.logprobs[4])
        #expect(logprobs.alternatives == free.logprobs[4]?.alternatives)
        #expect(logprobs.chosen == logprobs.alternatives.first { $0.id == other }?.logprob)
        #expect(try run(nil, told: Array(story.ids[...4])).ids == Array(story.ids[5...]))
    }

    @Test("requests without any of it have the same ids beside those that have some, and report nothing")
    func beside() throws {
        let decoder = try TestDecoder.make()
        let plain = TestRequests.make(prompt: 9, limit: 40, seed: 1)
        let shaped = TestRequests.make(prompt: 9, limit: 60, shaping: LogitShaping(minP: 0.1, logprobs: 2), seed: 2)
        let stories = try TestDecoder.batch(decoder, size: 3).run([shaped, plain, shaped])
        #expect(try stories[1] == TestDecoder.batch(decoder, size: 1).run([plain])[0])
        #expect(stories[1].logprobs.allSatisfy { $0 == nil } && stories[0].logprobs.allSatisfy { $0?.alternatives.count == 2 })
    }
}

import Foundation
import GLMImage
import Testing

@Suite struct SamplerTests {
    private let logits: [Float] = [0, 2, 1, -3, 2.5, 0.5]

    private func draw(_ sampler: Sampler, _ logits: [Float], position: Int = 0) -> Int32 {
        var sampler = sampler
        return logits.withUnsafeBufferPointer { sampler.draw($0, position: position) }
    }

    @Test("greedy takes the first of the largest")
    func greedy() {
        #expect(draw(Sampler(greedy: true, seed: 1), logits) == 4)
        #expect(draw(Sampler(greedy: true, seed: 1), [1, 3, 3, 2]) == 1)
    }

    @Test("a draw depends on seed and position and on nothing drawn before")
    func addressed() {
        var sampler = Sampler(seed: 7)
        let inOrder = (0..<50).map { position in logits.withUnsafeBufferPointer { sampler.draw($0, position: position) } }
        let backwards = (0..<50).reversed().map { draw(Sampler(seed: 7), logits, position: $0) }
        #expect(inOrder == backwards.reversed())
        #expect(inOrder != (0..<50).map { draw(Sampler(seed: 8), logits, position: $0) })
    }

    @Test("frequencies follow the softmax at the temperature", arguments: [Float(0.5), 1, 2])
    func frequencies(temperature: Float) {
        let draws = 20_000
        var counts = [Int](repeating: 0, count: logits.count)
        for position in 0..<draws { counts[Int(draw(Sampler(temperature: temperature, seed: 3), logits, position: position))] += 1 }
        let weights = logits.map { exp(Double($0 / temperature)) }
        let total = weights.reduce(0, +)
        for (count, weight) in zip(counts, weights) {
            let expected = weight / total
            // Five standard deviations of a binomial share.
            #expect(abs(Double(count) / Double(draws) - expected) < 5 * (expected * (1 - expected) / Double(draws)).squareRoot() + 1e-4)
        }
    }

    @Test("top-k keeps the k likeliest")
    func topK() {
        let drawn = Set((0..<500).map { draw(Sampler(topK: 2, seed: 5), logits, position: $0) })
        #expect(drawn == [1, 4])
    }

    @Test("top-p keeps the smallest set that reaches p, and always one")
    func topP() {
        // Shares: 0.5, 0.3, 0.2.
        let logits = [0.5, 0.3, 0.2].map { Float(log($0)) }
        #expect(Set((0..<500).map { draw(Sampler(topP: 0.6, seed: 5), logits, position: $0) }) == [0, 1])
        #expect(Set((0..<500).map { draw(Sampler(topP: 0.001, seed: 5), logits, position: $0) }) == [0])
    }
}

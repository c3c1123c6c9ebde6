import Foundation
import GLMImage
import Domain
import Tensor
import Testing

@Suite struct SamplerTests {
    private let logits: [Float] = [0, 2, 1, -3, 2.5, 0.5]

    private func draw(_ draws: CodeDraws, _ logits: [Float], position: Int = 0) -> Int32 {
        Sampler.draw(logits, [draws.draw(at: position)]).ids[0]
    }

    private func draws(temperature: Float = 1, topP: Float = 1, topK: Int = 0, greedy: Bool = false, seed: UInt64) -> CodeDraws {
        CodeDraws(Draw(temperature: temperature, topP: topP, topK: topK, uniform: 0), greedy: greedy, seed: seed)
    }

    @Test("greedy takes the first of the largest")
    func greedy() {
        #expect(draw(draws(greedy: true, seed: 1), logits) == 4)
        #expect(draw(draws(greedy: true, seed: 1), [1, 3, 3, 2]) == 1)
    }

    @Test("a draw depends on seed and position and on nothing drawn before")
    func addressed() {
        let inOrder = (0..<50).map { draw(draws(seed: 7), logits, position: $0) }
        let backwards = (0..<50).reversed().map { draw(draws(seed: 7), logits, position: $0) }
        #expect(inOrder == backwards.reversed())
        #expect(inOrder != (0..<50).map { draw(draws(seed: 8), logits, position: $0) })
    }

    @Test("frequencies follow the softmax at the temperature", arguments: [Float(0.5), 1, 2])
    func frequencies(temperature: Float) {
        let times = 20_000
        var counts = [Int](repeating: 0, count: logits.count)
        for position in 0..<times { counts[Int(draw(draws(temperature: temperature, seed: 3), logits, position: position))] += 1 }
        let weights = logits.map { exp(Double($0 / temperature)) }
        let total = weights.reduce(0, +)
        for (count, weight) in zip(counts, weights) {
            let expected = weight / total
            // Five standard deviations of a binomial share.
            #expect(abs(Double(count) / Double(times) - expected) < 5 * (expected * (1 - expected) / Double(times)).squareRoot() + 1e-4)
        }
    }

    @Test("top-k keeps the k likeliest")
    func topK() {
        let drawn = Set((0..<500).map { draw(draws(topK: 2, seed: 5), logits, position: $0) })
        #expect(drawn == [1, 4])
    }

    @Test("top-p keeps the smallest set that reaches p, and always one")
    func topP() {
        // Shares: 0.5, 0.3, 0.2.
        let logits = [0.5, 0.3, 0.2].map { Float(log($0)) }
        #expect(Set((0..<500).map { draw(draws(topP: 0.6, seed: 5), logits, position: $0) }) == [0, 1])
        #expect(Set((0..<500).map { draw(draws(topP: 0.001, seed: 5), logits, position: $0) }) == [0])
    }

    @Test("a draw is the one that walking through all codes in order gives", arguments: 0..<60)
    func walk(seed: Int) {
        var random = TorchGenerator(seed: UInt64(seed))
        let count = [1, 2, 50, 3000][seed % 4]
        var logits = random.normal(count: count).map { $0 * [0.01, 1, 8, 60][seed / 4 % 4] }
        // Equals, and codes that can't be drawn.
        for index in logits.indices where index % 7 == 3 { logits[index] = index % 2 == 0 ? logits[index / 2] : -.infinity }
        let temperature = ([0.3, 1, 2] as [Float])[seed % 3]
        let topP = ([1, 0.75, 0.2] as [Float])[seed / 3 % 3]
        let topK = [0, 1, 40, 5000][seed / 5 % 4]
        for position in 0..<20 {
            let drawn = draw(draws(temperature: temperature, topP: topP, topK: topK, seed: UInt64(seed)), logits, position: position)
            #expect(drawn == walked(logits, temperature, topP, topK, CounterGenerator.uniform(seed: UInt64(seed), position: position)))
        }
    }

    @Test("rows with logits that are no numbers are told")
    func notFinite() {
        for bad in [Float.nan, .infinity] { #expect(Sampler.draw([0, bad, 1, 0, 1, 2], [.greedy, .greedy]).mass.map(\.isNaN) == [true, false]) }
    }

    private func walked(_ logits: [Float], _ temperature: Float, _ topP: Float, _ topK: Int, _ uniform: Float) -> Int32 {
        var order = logits.indices.sorted { (logits[$0], $1) > (logits[$1], $0) }
        if topK > 0 { order = Array(order.prefix(topK)) }
        let weights = order.map { exp(-Double((logits[order[0]] - logits[$0]) / temperature)) }
        let total = weights.reduce(0, +)
        var kept = 0.0, count = 0
        while count < weights.count && (count == 0 || kept < Double(topP) * total) {
            kept += weights[count]
            count += 1
        }
        var rest = Double(uniform) * kept
        for index in 0..<count {
            rest -= weights[index]
            if rest < 0 { return Int32(order[index]) }
        }
        return Int32(order[count - 1])
    }
}

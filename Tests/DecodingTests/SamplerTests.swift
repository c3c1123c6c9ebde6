import Decoding
import Foundation
import Tensor
import Testing

@Suite struct SamplerTests {
    private let logits: [Float] = [0, 2, 1, -3, 2.5, 0.5]

    private func sample(_ sampler: Sampler, _ logits: [Float], position: Int = 0) -> Int32 {
        var host = HostSampler()
        return host.sample(logits, [sampler.parameters(at: position)]).ids[0]
    }

    private func sampler(temperature: Float = 1, topP: Float = 1, topK: Int = 0, greedy: Bool = false, seed: UInt64) -> Sampler {
        Sampler(SamplingParameters(temperature: temperature, topP: topP, topK: topK), greedy: greedy, seed: seed)
    }

    @Test("greedy takes the first of the largest")
    func greedy() {
        #expect(sample(sampler(greedy: true, seed: 1), logits) == 4)
        #expect(sample(sampler(greedy: true, seed: 1), [1, 3, 3, 2]) == 1)
    }

    @Test("a sample depends on seed and position and on nothing sampled before")
    func addressed() {
        let inOrder = (0..<50).map { sample(sampler(seed: 7), logits, position: $0) }
        let backwards = (0..<50).reversed().map { sample(sampler(seed: 7), logits, position: $0) }
        #expect(inOrder == backwards.reversed())
        #expect(inOrder != (0..<50).map { sample(sampler(seed: 8), logits, position: $0) })
    }

    @Test("frequencies follow the softmax at the temperature", arguments: [Float(0.5), 1, 2])
    func frequencies(temperature: Float) {
        let times = 20_000
        var counts = [Int](repeating: 0, count: logits.count)
        for position in 0..<times { counts[Int(sample(sampler(temperature: temperature, seed: 3), logits, position: position))] += 1 }
        let weights = logits.map { exp(Double($0 / temperature)) }
        let total = weights.reduce(0, +)
        for (count, weight) in zip(counts, weights) {
            let expected = weight / total
            // Five standard deviations of a binomial share.
            #expect(abs(Double(count) / Double(times) - expected) < 5 * (expected * (1 - expected) / Double(times)).squareRoot() + 1e-4)
        }
    }

    @Test("a likelier id keeps its place where logits change a little, as no share of a sum would")
    func steady() {
        var random = TorchGenerator(seed: 9)
        let logits = random.normal(count: 200)
        let other = zip(logits, random.normal(count: 200)).map { $0 + 0.01 * $1 }
        let same = (0..<500).count { sample(sampler(seed: 2), logits, position: $0) == sample(sampler(seed: 2), other, position: $0) }
        #expect(same > 480)
    }

    @Test("exponential numbers have the mean and the share above 1 of their distribution, and differ by seed, position and id")
    func exponential() {
        let numbers = (0..<100).flatMap { position in (0..<100).map { CounterGenerator(seed: 1, position: position).exponential($0) } }
        #expect(Set(numbers).count == numbers.count && numbers.allSatisfy { $0 > 0 && $0.isFinite })
        // Five standard deviations of a mean of ten thousand.
        #expect(abs(numbers.reduce(0, +) / 10_000 - 1) < 0.05)
        #expect(abs(Double(numbers.count { $0 > 1 }) / 10_000 - exp(-1)) < 0.025)
        #expect(CounterGenerator(seed: 2, position: 3).exponential(4) != CounterGenerator(seed: 3, position: 2).exponential(4))
        #expect(
            (0..<1000).allSatisfy { CounterGenerator(seed: 5, position: 6).exponential($0) >= CounterGenerator(seed: 5, position: 6).uniform($0) })
    }

    @Test("top-k keeps the k likeliest")
    func topK() {
        let sampled = Set((0..<500).map { sample(sampler(topK: 2, seed: 5), logits, position: $0) })
        #expect(sampled == [1, 4])
    }

    @Test("top-p keeps the smallest set that reaches p, and always one")
    func topP() {
        // Shares: 0.5, 0.3, 0.2.
        let logits = [0.5, 0.3, 0.2].map { Float(log($0)) }
        #expect(Set((0..<500).map { sample(sampler(topP: 0.6, seed: 5), logits, position: $0) }) == [0, 1])
        #expect(Set((0..<500).map { sample(sampler(topP: 0.001, seed: 5), logits, position: $0) }) == [0])
    }

    @Test("a sample is the id with the largest logit and Gumbel number of those that walking through all in order leaves", arguments: 0..<60)
    func walk(seed: Int) {
        var random = TorchGenerator(seed: UInt64(seed))
        let count = [1, 2, 50, 3000][seed % 4]
        var logits = random.normal(count: count).map { $0 * [0.01, 1, 8, 60][seed / 4 % 4] }
        // Equals, and ids that can't be sampled.
        for index in logits.indices where index % 7 == 3 { logits[index] = index % 2 == 0 ? logits[index / 2] : -.infinity }
        let temperature = ([0.3, 1, 2] as [Float])[seed % 3]
        let topP = ([1, 0.75, 0.2] as [Float])[seed / 3 % 3]
        let topK = [0, 1, 40, 5000][seed / 5 % 4]
        for position in 0..<20 {
            let ours = sample(sampler(temperature: temperature, topP: topP, topK: topK, seed: UInt64(seed)), logits, position: position)
            #expect(ours == walked(logits, temperature, topP, topK, CounterGenerator(seed: UInt64(seed), position: position)))
        }
    }

    @Test("rows with logits that are not finite are marked")
    func notFinite() {
        var host = HostSampler()
        for bad in [Float.nan, .infinity] {
            let mass = host.sample([0, bad, 1, 0, 1, 2], [.greedy, .greedy]).mass
            #expect(mass.map(\.isNaN) == [true, false])
        }
    }

    private func walked(_ logits: [Float], _ temperature: Float, _ topP: Float, _ topK: Int, _ generator: CounterGenerator) -> Int32 {
        var order = logits.indices.sorted { (logits[$0], $1) > (logits[$1], $0) }
        if topK > 0 { order = Array(order.prefix(topK)) }
        let weights = order.map { exp(-Double((logits[order[0]] - logits[$0]) / temperature)) }
        let total = weights.reduce(0, +)
        var kept = 0.0, count = 0
        while count < weights.count && (count == 0 || kept < Double(topP) * total) {
            kept += weights[count]
            count += 1
        }
        func score(_ id: Int) -> Double { Double(logits[id] / temperature) - log(generator.exponential(id)) }
        return Int32(order[..<count].max { score($0) < score($1) }!)
    }
}

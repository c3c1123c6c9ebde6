import Decoding
import Domain
import GLMImage
import ModelConfiguration
import ModelFixtures
import Tensor
import TensorAscend
import TestSupport
import Testing

extension OnDevice {
    /// Guesses on a device that runs ahead of the host.
    @Suite struct SpeculationTests {
        private static let limit = 120

        private static func request(_ seed: UInt64, shaping: LogitShaping = .none, told: [Int32] = [], drafts: DraftTokens? = nil)
            -> DecodingRequest
        {
            DecodingRequest(
                prompt: (0..<40).map { ($0 * 31 + Int32(seed)) % 600 }, positions: SequencePositions(next: 0),
                sampler: Sampler(SamplingParameters(temperature: 1.2, topP: 0.9, topK: 40), seed: seed, shaping: shaping),
                stop: .tokens([], limit: limit), told: told, drafts: drafts, cachesPrefix: true)
        }

        /// Guesses of which a share is right, place by place.
        private static func drafts(of ids: [Int32], right: Double) -> DraftTokens {
            DraftTokens { known, _ in
                guard ids.indices.contains(known.count) else { return nil }
                let isRight = CounterGenerator(seed: 7, position: known.count).uniform(0) < right
                return isRight ? ids[known.count] : (ids[known.count] + 1) % 80
            }
        }

        private struct Run {
            var ids: [[Int32]] = []
            var passes = 0
            var tokens = 0
            var preemptions = 0
        }

        /// - Parameter cancelled: a request that is cancelled in the round with this number.
        private func run(
            _ requests: [DecodingRequest], _ decoder: TokenDecoder, size: Int, pages: Int = 40, guesses: Int, cancelled: (Int, round: Int)? = nil
        ) throws -> Run {
            struct Cancelled: Error {}
            let batch = TokenBatch(
                decoder, size: size, cacheBytes: pages * DecoderSizes.pageRows * decoder.cacheBytesPerToken,
                sampledIDs: decoder.configuration.outputSize, speculativeTokens: guesses, clock: TickingClock())
            let tickets = try requests.map { try batch.add($0) }
            var told: [Int: [Int32]] = [:], done: [Int: [Int32]] = [:]
            var round = 0
            while !batch.isEmpty {
                round += 1
                try batch.advance { ticket in
                    if let cancelled, ticket == tickets[cancelled.0], round == cancelled.round { throw Cancelled() }
                } onEvent: { event in
                    switch event {
                    case .token(let ticket, let index, let id, _):
                        told[ticket, default: requests[tickets.firstIndex(of: ticket) ?? 0].told].append(id)
                        #expect(told[ticket]?.count == index + 1)
                    case .done(let ticket, let ids): done[ticket] = ids
                    case .failed(let ticket, let error):
                        if error is Cancelled { done[ticket] = told[ticket] } else { Issue.record(error) }
                    case .admitted, .read: break
                    }
                }
            }
            #expect(batch.freePages == batch.pageCount)
            return Run(
                ids: tickets.map { done[$0] ?? [] }, passes: batch.passes, tokens: batch.decodedTokens, preemptions: batch.preemptions)
        }

        private func decoder(_ variant: Variant) throws -> TokenDecoder {
            let device = try variant.device
            #expect(device.stepsAhead > 0 || variant == .composed)
            return try TextGenerator(model: Fixture.model("tiny-f32"), device: device).decoder
        }

        @Test(
            "a request has the ids of plain decoding, whether three of four, all or none of its guesses are right, and right ones save passes",
            arguments: Variant.allCases)
        func alone(variant: Variant) throws {
            let decoder = try decoder(variant)
            let plain = try run([Self.request(5)], decoder, size: 1, guesses: 0)
            #expect(plain.ids[0].count == Self.limit && plain.passes == plain.tokens)
            for (right, guesses) in [(0.75, 15), (1, 31), (0, 7)] {
                let guessed = try run([Self.request(5, drafts: Self.drafts(of: plain.ids[0], right: right))], decoder, size: 1, guesses: guesses)
                #expect(guessed.ids == plain.ids, "\(guesses) guesses, \(right) of them right")
                #expect(right == 0 ? guessed.passes == guessed.tokens : guessed.passes < guessed.tokens * 2 / 3, "\(guessed.passes) passes")
            }
        }

        @Test(
            "in a batch that fills the rows of a pass, with requests that guess, that don't, that the host samples for, that are paused and that go on behind told ids, each has the ids that it gets alone",
            arguments: Variant.allCases)
        func batch(variant: Variant) throws {
            let decoder = try decoder(variant)
            // The third is sampled on the host.
            func shaping(_ index: Int) -> LogitShaping { index == 2 ? LogitShaping(minP: 0.01, repetitionPenalty: 1.1) : .none }
            let alone: [[Int32]] = try (0..<6).map { index in
                try run([Self.request(UInt64(index), shaping: shaping(index))], decoder, size: 1, guesses: 0).ids[0]
            }
            #expect(Set(alone).count == 6)
            let requests: [DecodingRequest] = (0..<6).map { index in
                let told: [Int32] = index == 3 ? Array(alone[3][..<30]) : []
                let drafts = index == 1 ? nil : Self.drafts(of: alone[index], right: 0.75)
                return Self.request(UInt64(index), shaping: shaping(index), told: told, drafts: drafts)
            }
            for (size, pages) in [(6, 40), (4, 8)] {
                let together = try run(requests, decoder, size: size, pages: pages, guesses: 63)
                #expect(together.ids == alone, "\(size) together, \(pages) pages")
                #expect(together.passes < together.tokens && (pages == 40 || together.preemptions > 0))
            }
            #expect(decoder.device.batchRows == 16)
        }

        @Test("a request that is cancelled among guesses leaves nothing behind, and the one beside it has its ids")
        func cancelled() throws {
            let decoder = try decoder(.f32)
            let alone = try [1, 2].map { try run([Self.request($0)], decoder, size: 1, guesses: 0).ids[0] }
            let requests = zip([1, 2], alone).map { Self.request($0, drafts: Self.drafts(of: $1, right: 0.75)) }
            let left = try run(requests, decoder, size: 2, guesses: 15, cancelled: (0, round: 12))
            #expect(left.ids[1] == alone[1] && left.ids[0].count < Self.limit && alone[0].starts(with: left.ids[0]))
        }
    }
}

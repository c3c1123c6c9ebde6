import Decoding
import GLMImage
import ModelConfiguration
import ModelFixtures
import Tensor
import TensorAscend
import Testing

extension OnDevice {
    /// The decoding engine on a device that runs ahead of the host.
    @Suite struct DecodingTests {
        private static func request(_ seed: UInt64, shaping: LogitShaping = .none, told: [Int32] = [], columns: Int) -> DecodingRequest {
            var noise = Noise(seed)
            let rows = EmbeddingRows(count: 20, dtype: .f32, bytes: noise(20 * columns).map { $0 / 10 }.withUnsafeBytes(Array.init))
            return DecodingRequest(
                prompt: (0..<50).map { ($0 * 31 + Int32(seed)) % 600 }, positions: SequencePositions(next: 0),
                sampler: Sampler(
                    SamplingParameters(temperature: 1.2, topP: 0.9, topK: 40), greedy: seed == 2, seed: seed, shaping: shaping),
                stop: .tokens([], limit: 100), rows: [InsertedRows(at: 8, rows: rows, digest: [UInt8(seed)])], told: told, cachesPrefix: true)
        }

        private struct Run {
            var ids: [[Int32]] = []
            var cached: [Int] = []
            var preemptions = 0
        }

        /// - Parameter each: called behind each round of the batch.
        private func run(
            _ requests: [DecodingRequest], _ decoder: TokenDecoder, size: Int, pages: Int, rounds: Int = 1, each: () -> Void = {}
        ) throws -> Run {
            let batch = TokenBatch(
                decoder, size: size, cacheBytes: pages * DecoderSizes.pageRows * decoder.cacheBytesPerToken,
                sampledIDs: decoder.configuration.outputSize)
            var run = Run()
            for _ in 0..<rounds {
                let tickets = try requests.map { try batch.add($0) }
                var done: [Int: [Int32]] = [:]
                var cached: [Int: Int] = [:]
                while !batch.isEmpty {
                    try batch.advance(checkCancellation: { _ in }) { event in
                        switch event {
                        case .admitted(let ticket, let count): cached[ticket] = count
                        case .done(let ticket, let ids): done[ticket] = ids
                        case .failed(_, let error): Issue.record(error)
                        case .read, .token: break
                        }
                    }
                    each()
                }
                run.ids += tickets.map { done[$0] ?? [] }
                run.cached += tickets.map { cached[$0] ?? -1 }
            }
            run.preemptions = batch.preemptions
            return run
        }

        @Test(
            "requests that are paused, go on behind told ids, or begin with a kept prefix get the ids that each gets alone",
            arguments: Variant.allCases)
        func sameIDs(variant: Variant) throws {
            let device = try variant.device
            #expect(device.stepsAhead > 0 || variant == .composed)
            let decoder = try TextGenerator(model: Fixture.model("tiny-f32"), device: device).decoder
            let columns = decoder.configuration.hiddenSize
            func request(_ seed: UInt64, told: [Int32] = []) -> DecodingRequest {
                // The third is sampled on the host.
                Self.request(seed, shaping: seed == 3 ? LogitShaping(minP: 0.01, repetitionPenalty: 1.1) : .none, told: told, columns: columns)
            }
            let requests = (1...3).map { request($0) }
            let alone = try requests.map { try run([$0], decoder, size: 1, pages: 20).ids[0] }
            #expect(Set(alone).count == 3)
            let paused = try run(requests, decoder, size: 3, pages: 5)
            #expect(paused.ids == alone && paused.preemptions > 0)
            let told = (1...3).map { request($0, told: Array(alone[Int($0) - 1][..<Int($0 * 20)])) }
            #expect(try run(told, decoder, size: 3, pages: 20).ids == alone)
            // The cut is behind the image, within the first page, which is copied.
            let cached = try run(requests, decoder, size: 3, pages: 20, rounds: 2)
            #expect(cached.ids == alone + alone && cached.cached == [0, 0, 0, 28, 28, 28])
        }

        @Test("replayed steps give the ids that launched ones give, in batches that change and when memory is given back between")
        func replayed() throws {
            let device = try Devices.bf16.get(), launching = try Devices.launching.get()
            func ids(_ device: AscendDevice, each: () -> Void = {}) throws -> [[Int32]] {
                let decoder = try TextGenerator(model: Fixture.model("tiny-bf16-sharded"), device: device).decoder
                let requests = (1...3).map { Self.request($0, columns: decoder.configuration.hiddenSize) }
                return try run(requests, decoder, size: 3, pages: 20, each: each).ids
            }
            let truth = try ids(launching)
            let before = try #require(device.hostCalls)
            #expect(try ids(device) == truth)
            #expect(try #require(device.hostCalls).replayed > before.replayed && device.recordingFailure == nil)
            var rounds = 0
            #expect(
                try ids(device) {
                    rounds += 1
                    if rounds % 20 == 0 { device.releaseUnusedMemory() }
                } == truth)
        }

        @Test("a decoding step with its samples makes no more calls of CANN than the estimate counts, however many operators it has")
        func hostCalls() throws {
            let device = try Devices.bf16.get()
            let decoder = try TextGenerator(model: Fixture.model("tiny-bf16-sharded"), device: device).decoder
            var calls: [Int] = [], last = try #require(device.hostCalls)
            _ = try run((1...3).map { Self.request($0, columns: decoder.configuration.hiddenSize) }, decoder, size: 3, pages: 20) {
                guard let now = device.hostCalls else { return }
                calls.append((now - last).total)
                last = now
            }
            // A few steps are recorded, or wait for a sample that the host makes.
            #expect(try calls.sorted()[calls.count / 2] <= LaunchCounts.load().callsOfReplayedStep, "\(calls)")
        }
    }
}

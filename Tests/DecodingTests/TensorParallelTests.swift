import Decoding
import Domain
import GLMImage
import ModelConfiguration
import ModelFixtures
import Tensor
import TensorCPU
import Testing

/// Passes of the decoder that several ranks divide, against the same on one device.
///
/// The products of queries, keys, values, gate and up are divided by outputs, and attention by heads: these have the bits of one device wherever
/// the kernels are the same. The two products behind them are divided by inputs: their sums are made of as many parts as there are ranks, in the
/// ranks' order, so that the bits of what follows are others than on one device. They are the same on every rank, in every batch and in every run.
@Suite struct TensorParallelTests {
    private static func group(_ ranks: Int, _ precision: Precision = .f32) -> [DeviceGroup.Rank] {
        CPUCommunicator.group(ranks, timeout: 60).map { DeviceGroup.Rank(CPUDevice(threads: 1, precision: precision), $0) }
    }

    private static func decoder(_ ranks: Int, _ precision: Precision = .f32, checkpoint: String = "tiny-f32") throws -> TokenDecoder {
        let group = ranks == 1 ? DeviceGroup(CPUDevice(threads: 1, precision: precision)) : DeviceGroup(sides: [Self.group(ranks, precision)])
        return try TextGenerator(model: Fixture.model(checkpoint), devices: group).decoder
    }

    /// Logits over a prompt of two chunks, and behind steps of two sequences.
    private static func logits(_ decoder: TokenDecoder) throws -> [Float] {
        let batch = SequenceBatch(decoder, size: 3, cacheBytes: 20 * DecoderSizes.pageRows * decoder.cacheBytesPerToken)
        let prompt = (0..<300).map { Int32($0 * 31 % 600) }
        let sequences = try [300, 20].map { count in
            let sequence = try #require(batch.open(SequencePositions(next: 0), capacity: count))
            for start in stride(from: 0, to: count, by: DecoderSizes.prefillChunk) {
                try batch.extend(sequence, by: Array(prompt[start..<min(start + DecoderSizes.prefillChunk, count)])) {}
            }
            return sequence
        }
        var logits = try batch.allLogits()
        for id in [Int32(3), 70, 11] {
            try batch.step(sequences, .host([id, id + 1]))
            logits += try batch.lastLogits()
        }
        return logits
    }

    @Test(
        "logits are those of one device but for the order of sums, also where several ranks share a head of keys",
        arguments: [("tiny-f32", 2), ("tiny-f32", 4), ("tiny-bf16-sharded", 2), ("tiny-bf16-sharded", 4), ("tiny-mixed", 2), ("glm-tiny", 4)])
    func logits(checkpoint: String, ranks: Int) throws {
        for precision in TestDecoder.precisions {
            let one = try Self.logits(Self.decoder(1, precision, checkpoint: checkpoint))
            let several = try Self.logits(Self.decoder(ranks, precision, checkpoint: checkpoint))
            let most = zip(one, several).map { abs($0 - $1) }.max() ?? .nan, scale = one.map(abs).max() ?? .nan
            // In bf16 a sum that differs in its last bit may be rounded to the other side before the next product.
            #expect(one.count == several.count && most / scale < (precision == .f32 ? 1e-5 : 2e-2), "\(precision): \(most) of \(scale)")
        }
    }

    @Test("each device keeps the keys and values of its own heads alone")
    func keysAndValues() throws {
        let bytes = try [1, 2, 4].map { try Self.decoder($0).cacheBytesPerToken }
        // Two heads of keys: four ranks have each on two devices.
        #expect(bytes[1] * 2 == bytes[0] && bytes[2] == bytes[1])
    }

    @Test("each device has what is counted of the weights, its rows where the file is mapped", arguments: Fixture.checkpoints, [2, 4])
    func weights(checkpoint: String, ranks: Int) throws {
        let folder = try Fixture.model(checkpoint)
        let text = try ImageConfigurations(folder).text
        guard text.shape.obstacle(ranks: ranks) == nil else { return }
        let weights = try CheckpointWeights(folder)
        let devices = (0..<ranks).map { _ in MeteredDevice(CPUDevice(threads: 1)) }
        let group = zip(devices, CPUCommunicator.group(ranks, timeout: 60)).map { DeviceGroup.Rank($0, $1) }
        let generator = try TextGenerator(model: folder, devices: DeviceGroup(sides: [group]))
        for (rank, device) in devices.enumerated() {
            let count = weights.decoder(rank: rank, of: ranks, keyValueHeads: text.keyValueHeads)
            #expect(device.memory.mapped == count.mappedBytes && device.memory.live == count.deviceCopyBytes, "rank \(rank)")
        }
        withExtendedLifetime(generator) {}
    }

    @Test(
        "the ids of a request are the same alone and in any batch, paused, behind told ids and kept prefixes, and whatever is guessed",
        arguments: [2, 4])
    func sameIDs(ranks: Int) throws {
        let decoder = try Self.decoder(ranks)
        let all = TestRequests.all.map { $0.with(stop: .tokens([], limit: 130)) }
        let expected = try all.map { try TestDecoder.batch(decoder, size: 1).run([$0])[0].ids }
        #expect(Set(expected).count == expected.count)
        let paused = TestDecoder.batch(decoder, size: 4, pages: 9)
        #expect(try paused.run(all).map { $0.done ?? [] } == expected)
        #expect(paused.preemptions > 0)
        let requests = zip(all, expected).map { request, ids in
            request.with(
                told: Array(ids[..<10]), cachesPrefix: true, drafts: DraftTokens { known, _ in known.count < ids.count ? ids[known.count] : nil })
        }
        let batch = TestDecoder.batch(decoder, size: 6, speculativeTokens: 7)
        #expect(try batch.run(requests + requests).map { $0.done ?? [] } == expected + expected)
        #expect(batch.passes < batch.decodedTokens && batch.cachedTokens > 0)
    }

    private struct Left: Error {}

    @Test("a request that is cancelled before any layer of its prompt ends on all ranks, and those beside it have their ids")
    func cancelled() throws {
        let decoder = try Self.decoder(4)
        let request = TestRequests.make(prompt: 300, limit: 20, seed: 1)
        let expected = try TestDecoder.batch(decoder, size: 1).run([request])[0].ids
        for last in 1...4 {
            let batch = TestDecoder.batch(decoder, size: 2)
            let staying = try batch.add(request), leaving = try batch.add(TestRequests.make(prompt: 400, limit: 20, seed: 2))
            var stories: [Int: Story] = [:]
            var checks = 0
            while !batch.isEmpty {
                try batch.advance { ticket in
                    guard ticket == leaving else { return }
                    checks += 1
                    if checks == last { throw Left() }
                } onEvent: {
                    stories[$0.ticket, default: Story()].add($0)
                }
            }
            #expect(stories[staying]?.ids == expected && stories[leaving]?.done == nil && batch.freePages == batch.pageCount)
        }
    }

    @Test("a rank that fails ends all requests with its name, and every later one", arguments: [0, 1, 3])
    func failing(rank: Int) throws {
        let group = Self.group(4)
        let decoder = try TextGenerator(model: Fixture.model("tiny-f32"), devices: DeviceGroup(sides: [group])).decoder
        let batch = TestDecoder.batch(decoder, size: 2)
        _ = try batch.add(TestRequests.make(prompt: 20, limit: 20, seed: 1))
        for _ in 0..<3 { try batch.advance(checkCancellation: { _ in }, onEvent: { _ in }) }
        group[rank].communicator?.abort(DeviceError(.lost, "its device is gone"))
        let lost = DeviceError(.lost, "cpu (rank \(rank)): its device is gone")
        #expect(throws: lost) { try batch.advance(checkCancellation: { _ in }, onEvent: { _ in }) }
        batch.removeAll()
        _ = try batch.add(TestRequests.make(prompt: 20, limit: 20, seed: 1))
        var errors: [DeviceError?] = []
        while !batch.isEmpty {
            try batch.advance(checkCancellation: { _ in }) { if case .failed(_, let error) = $0 { errors.append(error as? DeviceError) } }
        }
        #expect(errors == [lost])
    }

    @Test("what can't be divided is refused with its number before a weight is loaded", arguments: [("tiny-mixed", 4, "6 heads")])
    func refused(checkpoint: String, ranks: Int, what: String) {
        let error = #expect(throws: GLMImageError.self) { try Self.decoder(ranks, checkpoint: checkpoint) }
        #expect(
            error?.message == "the decoder's \(what) can't be divided among \(ranks) devices (tensor parallel size \(ranks))", "\(error as Any)")
    }

    @Test("heads of keys that neither divide nor are divided, and columns of the MLP, are refused too")
    func obstacles() {
        func obstacle(_ heads: Int, _ keys: Int, _ inner: Int, _ ranks: Int) -> String? {
            DecoderShare.obstacle(heads: heads, keyValueHeads: keys, intermediateSize: inner, ranks: ranks)
        }
        #expect(obstacle(32, 2, 13_696, 2) == nil && obstacle(32, 2, 13_696, 4) == nil && obstacle(32, 3, 64, 1) == nil)
        #expect(obstacle(12, 3, 64, 2) == "3 key-value heads" && obstacle(4, 2, 54, 4) == "54 columns of the MLP")
    }

    @Test("ranks have the heads of queries that read their heads of keys")
    func share() {
        let four = DecoderShare(heads: 32, keyValueHeads: 2, intermediateSize: 13_696, ranks: 4)
        #expect((0..<4).map(four.heads) == [0..<8, 8..<16, 16..<24, 24..<32])
        #expect((0..<4).map(four.keyValueHeads) == [0..<1, 0..<1, 1..<2, 1..<2])
        #expect(four.inner(of: 3) == 10_272..<13_696)
    }
}

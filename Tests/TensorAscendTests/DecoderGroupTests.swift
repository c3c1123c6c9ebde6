import Checkpoint
import Decoding
import Domain
import Foundation
import GLMImage
import ModelConfiguration
import ModelFixtures
import ModelTools
import Tensor
import TensorAscend
import Testing

/// Passes of the decoder divided among several cards of the stand-in, each in a process of its own.
@Suite struct DecoderGroupTests {
    private static func group(
        _ ranks: Int, _ precision: Precision = .bf16, fused: FusedOperators = FusedOperators(), timeout: Int = 60
    ) throws -> [DeviceGroup.Rank] {
        let devices = try (0..<ranks).map { try AscendDevice($0, precision: precision, timeout: 60, fused: fused) }
        return zip(devices, try AscendCommunicator.group(devices, timeout: timeout)).map { DeviceGroup.Rank($0, $1) }
    }

    private static func install(_ settings: [String: String] = [:]) throws {
        setenv("HCCL_BUFFSIZE", "1", 1)
        try StandIn.install(settings: settings.merging(["DEVICES": "4"]) { own, _ in own })
    }

    private static func request(_ seed: UInt64) -> DecodingRequest {
        DecodingRequest(
            prompt: (0..<300).map { ($0 * 31 + Int32(seed)) % 600 }, positions: SequencePositions(next: 0),
            sampler: Sampler(SamplingParameters(temperature: 1.2, topP: 0.9, topK: 40), greedy: seed == 2, seed: seed),
            stop: .tokens([], limit: 30), cachesPrefix: true)
    }

    /// The ids of requests that are decoded together.
    private static func ids(_ requests: [DecodingRequest], _ decoder: TokenDecoder, pages: Int = 40) throws -> [[Int32]] {
        let batch = TokenBatch(
            decoder, size: 3, cacheBytes: pages * DecoderSizes.pageRows * decoder.cacheBytesPerToken,
            sampledIDs: decoder.configuration.outputSize)
        let tickets = try requests.map { try batch.add($0) }
        var done: [Int: [Int32]] = [:]
        while !batch.isEmpty {
            try batch.advance(checkCancellation: { _ in }) { event in
                switch event {
                case .done(let ticket, let ids): done[ticket] = ids
                case .failed(_, let error): Issue.record(error)
                case .admitted, .read, .token: break
                }
            }
        }
        return tickets.map { done[$0] ?? [] }
    }

    @Test(
        "what the decoder computes holds when it is divided among two cards and among four, fused and composed", arguments: [2, 4],
        ["f32", "bf16", "composed"])
    func holds(ranks: Int, form: String) async {
        await #expect(processExitsWith: .success) { [ranks, form] in
            try DecoderGroupTests.install(["STRESS": "5"])
            let precision: Precision = form == "f32" ? .f32 : .bf16
            let group = try DecoderGroupTests.group(ranks, precision, fused: form == "composed" ? .none : FusedOperators())
            for (checkpoint, task) in [(Fixture.glmTiny, "image-to-image"), ("tiny-answer-bf16-sharded", "image")] {
                let verifier = try Verifier(
                    model: Fixture.model(checkpoint), reference: Fixture.reference(checkpoint, task), device: group[0].device,
                    text: DeviceGroup(sides: [group]), precision: precision)
                let verdicts = verifier.run(only: ["text", "answer"])
                #expect(verdicts.contains { $0.outcome == .holds }, "nothing of \(checkpoint) was compared")
                for verdict in verdicts where verdict.outcome == .fails {
                    Issue.record("\(checkpoint), \(verdict.name): error \(verdict.error ?? .nan), limit \(verdict.limit ?? .nan), \(verdict.detail)")
                }
            }
        }
    }

    @Test("requests have the same ids alone, in a batch, when they are paused and behind kept prefixes; no step is recorded")
    func sameIDs() async {
        await #expect(processExitsWith: .success) {
            try DecoderGroupTests.install()
            let group = try DecoderGroupTests.group(2)
            let before = try #require(group[1].device.hostCalls).replayed  // by the self-test
            let decoder = try TextGenerator(model: Fixture.model("tiny-f32"), devices: DeviceGroup(sides: [group])).decoder
            let requests = (1...3).map { DecoderGroupTests.request(UInt64($0)) }
            let alone = try requests.map { try DecoderGroupTests.ids([$0], decoder)[0] }
            #expect(Set(alone).count == 3 && alone.allSatisfy { $0.count == 30 })
            #expect(try DecoderGroupTests.ids(requests + requests, decoder) == alone + alone)
            #expect(try DecoderGroupTests.ids(requests, decoder, pages: 13) == alone)
            // The first card alone samples, which is recorded.
            #expect(group[1].device.hostCalls?.replayed == before)
        }
    }

    @Test("each card's weights take what is counted for it", arguments: [2, 4])
    func weights(ranks: Int) async {
        await #expect(processExitsWith: .success) { [ranks] in
            try DecoderGroupTests.install()
            for checkpoint in ["tiny-f32", "tiny-bf16-sharded"] {
                let folder = try Fixture.model(checkpoint)
                let weights = try CheckpointWeights(folder), keys = try ImageConfigurations(folder).text.keyValueHeads
                let cards = try DecoderGroupTests.group(ranks)
                let devices = cards.map { MeteredDevice($0.device) }
                let group = zip(devices, cards).map { DeviceGroup.Rank($0, $1.communicator) }
                let generator = try TextGenerator(model: folder, devices: DeviceGroup(sides: [group]))
                for (rank, device) in devices.enumerated() {
                    #expect(device.memory.live == weights.decoder(rank: rank, of: ranks, keyValueHeads: keys).acceleratorBytes(.bf16), "rank \(rank)")
                }
                withExtendedLifetime(generator) {}
            }
        }
    }

    @Test(
        "a rank whose card is lost, or whose kernel hangs, ends the batch within the time-out, with the name of a card",
        arguments: ["lost@%:507010", "stuck@%"])
    func lost(fault: String) async {
        await #expect(processExitsWith: .success) { [fault] in
            try DecoderGroupTests.install(["FAULT": fault.replacing("%", with: "\(2 * FaultTests.afterStart)")])
            let generator = try TextGenerator(
                model: Fixture.model("tiny-f32"), devices: DeviceGroup(sides: [DecoderGroupTests.group(2, timeout: 5)]))
            let start = ContinuousClock.now
            #expect {
                while true { _ = try DecoderGroupTests.ids([DecoderGroupTests.request(1)], generator.decoder) }
            } throws: { error in
                guard let error = error as? DeviceError else { return false }
                return error.kind == .lost && (error.message.hasPrefix("npu:0") || error.message.hasPrefix("npu:1"))
            }
            #expect(ContinuousClock.now - start < .seconds(120))
            // Nothing can be freed on a card that hangs.
            _ = Unmanaged.passRetained(generator)
        }
    }
}

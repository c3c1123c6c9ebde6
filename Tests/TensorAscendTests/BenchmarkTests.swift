import Checkpoint
import Foundation
import ModelFixtures
import ModelTools
import Tensor
import TensorAscend
import Testing

extension OnDevice {
    @Suite struct BenchmarkTests {
        @Test("the benchmark tells each part's host calls; a decoding step is one replay and a few copies")
        func hostCalls() throws {
            let model = try ModelFolder(
                URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(
                    path: "Fixtures/tiny-bf16-sharded", directoryHint: .isDirectory))
            var sizes = ModelBenchmark.Sizes()
            (sizes.side, sizes.promptTokens, sizes.decodedTokens, sizes.batches, sizes.glyphBytes, sizes.textTokens) = (64, 16, 8, [1, 2], 8, 4)
            var timings: [PartTiming] = []
            try ModelBenchmark(model: model, device: try Variant.bf16.device, sizes: sizes, budget: .milliseconds(1))
                .run(loaded: { _ in }, timed: { timings.append($0) })
            for timing in timings {
                let calls = try #require(timing.work.hostCalls, "\(timing.part)")
                #expect(calls.launches + calls.replayed > 0 && calls.total >= calls.launches, "\(timing.part): \(calls)")
            }
            let step = try #require(timings.first { $0.part == "decode" }?.work.hostCalls)
            #expect(step.launches == 0 && step.replayed > 0 && step.total <= 20, "\(step)")
            let denoise = try #require(timings.first { $0.part == "denoise" }?.work.hostCalls)
            #expect(denoise.plans == 0 && denoise.descriptors == 0, "\(denoise)")
        }

        @Test("so it does of a question model")
        func questionModel() throws {
            let model = try Fixture.model("tiny-answer-bf16-sharded")
            var sizes = ModelBenchmark.Sizes()
            (sizes.side, sizes.promptTokens, sizes.decodedTokens, sizes.batches) = (48, 16, 4, [1, 2])
            var timings: [PartTiming] = []
            try ModelBenchmark(model: model, device: try Variant.bf16.device, sizes: sizes, budget: .milliseconds(1))
                .run(loaded: { _ in }, timed: { timings.append($0) })
            #expect(timings.map(\.part) == ["tower", "first-word", "prefill", "decode", "decode-2"])
            for timing in timings { #expect((timing.work.hostCalls.map { $0.launches + $0.replayed } ?? 0) > 0 && timing.work.floatingPointOperations > 0, "\(timing.part)") }
        }
    }
}

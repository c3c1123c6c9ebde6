import Checkpoint
import ModelFixtures
import ModelTools
import Tensor
import TensorCPU
import Testing

@Suite struct ProfileTests {
    /// What a checkpoint of the fixtures does in an instant.
    private static func small(_ checkpoint: String) -> ModelBenchmark.Sizes {
        var sizes = ModelBenchmark.Sizes()
        (sizes.side, sizes.promptTokens, sizes.decodedTokens, sizes.batches, sizes.glyphBytes, sizes.textTokens) = (64, 16, 4, [1, 2], 8, 4)
        if checkpoint.contains("answer") { sizes.side = 48 }
        return sizes
    }

    @Test(
        "a part's time is split into kinds of operations that make no more than the whole",
        arguments: ["tiny-bf16-sharded", "tiny-answer-bf16-sharded"])
    func kinds(checkpoint: String) throws {
        var timings: [PartTiming] = []
        try ModelBenchmark(model: Fixture.model(checkpoint), device: CPUDevice(threads: 1), sizes: Self.small(checkpoint), budget: .milliseconds(1))
            .run(loaded: { _ in }, timed: { timings.append($0) })
        #expect(timings.count >= 5)
        for timing in timings {
            let operations = timing.operations
            // The VAE of this checkpoint has no attention.
            let attends = operations.attention > .zero || timing.part == "vae-decode"
            #expect(operations.products > .zero && attends && operations.elementWise > .zero, "\(timing.part): \(operations)")
            #expect(operations.total <= .seconds(timing.seconds), "\(timing.part): \(operations) of \(timing.seconds) s")
        }
    }

    @Test(
        "every part can be timed alone, and then nothing else is timed or loaded for it",
        arguments: ["tiny-bf16-sharded", "tiny-answer-bf16-sharded"])
    func alone(checkpoint: String) throws {
        let sizes = Self.small(checkpoint)
        let model = try Fixture.model(checkpoint)
        func run(_ parts: Set<String>) throws -> (loaded: [String], timed: [String]) {
            var (loaded, timed): ([String], [String]) = ([], [])
            try ModelBenchmark(model: model, device: CPUDevice(threads: 1), sizes: sizes, parts: parts, budget: .milliseconds(1))
                .run(loaded: { loaded.append($0.part) }, timed: { timed.append($0.part) })
            return (loaded, timed)
        }
        let parts = ModelBenchmark.parts(of: model.pipeline, sizes)
        #expect(try run([]).timed == parts)
        for part in parts {
            let (loaded, timed) = try run([part])
            // The first word about an image takes both stages.
            #expect(timed == [part] && loaded.count == (part == "first-word" ? 2 : 1), "\(part): \(loaded) \(timed)")
        }
    }

    @Test("a part's joules are the mean of the watts that are told, times its time; where none are told, there are none", arguments: [250, nil])
    func joules(watts: Double?) throws {
        var sizes = ModelBenchmark.Sizes()
        (sizes.side, sizes.promptTokens, sizes.decodedTokens, sizes.batches) = (48, 16, 4, [1, 2])
        var timings: [PartTiming] = []
        try ModelBenchmark(
            model: Fixture.model("tiny-answer-f32"), device: CPUDevice(threads: 1), sizes: sizes, budget: .milliseconds(1), watts: { watts }
        ).run(loaded: { _ in }, timed: { timings.append($0) })
        #expect(timings.count >= 5)
        for timing in timings { #expect(timing.watts == watts && timing.joules == watts.map { $0 * timing.seconds }, "\(timing.part)") }
    }

    @Test("a reset forgets the time of what came before")
    func reset() {
        let device = MeteredDevice(CPUDevice(threads: 1))
        let x = device.makeTensor([Float](repeating: 1, count: 16), [1, 16])
        device.add(x, to: x)
        #expect(device.time.elementWise > .zero && device.time.products == .zero)
        device.reset()
        #expect(device.time == OperationTime())
    }
}

import Checkpoint
import Domain
import GLMImage
import Imaging
import ModelFixtures
import Tensor
import TensorCPU
import Testing

@Suite struct PartialImageTests {
    private static let source = RGBImage(width: 64, height: 64, pixels: (0..<64 * 64 * 3).map { UInt8(truncatingIfNeeded: $0) })

    private func request(partials: Int, edit: Bool, guidance: Float) throws -> RenderRequest {
        try RenderRequest(
            prompt: "a \"cat\"", parameters: Requests.parameters(64, 96, steps: 6, guidanceScale: guidance, seed: 5),
            target: Requests.grid(2, 3, [3, 2, 1, 0, 4, 5]),
            sources: edit ? [Requests.source(Self.source, Requests.grid(2, 2, [1, 2, 3, 4]))] : [], partialImages: partials)
    }

    @Test(
        "the picture is the same to the bit with and without partial images, which have half its sides and come behind later and later steps",
        arguments: [false, true], [1, 2] as [Float])
    func same(edit: Bool, guidance: Float) throws {
        let renderer = try ImageRenderer(model: Fixture.model("tiny-f32"), devices: DeviceGroup(CPUDevice(threads: 1)))
        let images = edit ? [Self.source] : []
        let alone = try renderer.render(request(partials: 0, edit: edit, guidance: guidance), images: images, onStep: { _ in })
        for (count, steps) in [(1, [3]), (2, [2, 4]), (3, [2, 3, 5])] {
            var partials: [(image: RGBImage, step: Int)] = [], done = 0
            let picture = try renderer.render(
                request(partials: count, edit: edit, guidance: guidance), images: images,
                onPartial: {
                    #expect($1 == done)
                    partials.append(($0, $1))
                }, onStep: { done = $0 })
            #expect(picture == alone)
            #expect(partials.map(\.step) == steps)
            #expect(partials.allSatisfy { $0.image.height == 32 && $0.image.width == 48 } && Set(partials.map(\.image)).count == count)
        }
    }

    @Test("what ends the work ends it in a partial image, too, and the next picture is the same as before")
    func cancelled() throws {
        struct Left: Error {}
        let renderer = try ImageRenderer(model: Fixture.model("tiny-f32"), devices: DeviceGroup(CPUDevice(threads: 1)))
        let request = try request(partials: 1, edit: false, guidance: 1)
        let before = try renderer.render(request, onStep: { _ in })
        var isShowing = false, isShown = false
        #expect(throws: Left.self) {
            try renderer.render(
                request, checkCancellation: { if isShowing { throw Left() } }, onPartial: { _, _ in isShown = true }, onStep: { isShowing = $0 == 3 })
        }
        #expect(!isShown)
        #expect(try renderer.render(request, onStep: { _ in }) == before)
    }

    @Test("the denoiser predicts x − σ · v of the reference's own numbers")
    func prediction() throws {
        let file = try SafetensorsFile(Fixture.reference("tiny-f32", "text-to-image"))
        func floats(_ name: String) throws -> [Float] { try file.tensor("diffusion.\(name)").hostFloats() }
        let device = CPUDevice(threads: 1)
        let renderer = try ImageRenderer(model: Fixture.model("tiny-f32"), devices: DeviceGroup(device))
        let glyphs = try file.tensor("glyph.embeddings")
        let codes = try file.tensor("diffusion.prior_token_ids").hostIntegers().map { Int32($0) }
        let denoiser = try Denoiser(
            renderer, height: 96, width: 160, glyphs: device.makeTensor(glyphs.hostFloats(), Shape(glyphs.shape[1], glyphs.shape[2])), codes: codes,
            sources: nil, guidanceScale: 1.5)
        let schedule = Schedule(renderer.scheduler, steps: 4, tokens: codes.count), noise = try floats("initial_latents")
        var predicted: [Int: [Float]] = [:]
        let final = try denoiser.run(
            schedule, from: noise, predicting: [1, 4], checkCancellation: {}, onPrediction: { predicted[$1] = $0 }, onStep: { _ in })
        let (conditional, unconditional) = (try floats("velocity_cond"), try floats("velocity_uncond"))
        let sigma = try floats("sigmas")[0]
        let expected = noise.indices.map { noise[$0] - sigma * (unconditional[$0] + 1.5 * (conditional[$0] - unconditional[$0])) }
        let largest = expected.map(abs).max() ?? 0
        #expect(zip(predicted[1] ?? [], expected).allSatisfy { abs($0 - $1) < 1e-4 * largest } && predicted[1]?.count == expected.count)
        // Nothing is left to go behind the last step.
        #expect(predicted[4] == final)
    }

    @Test("latents are halved to the means of two by two, channel by channel")
    func halved() {
        let shape = LatentShape(channels: 2, height: 2, width: 4)
        #expect(shape.halved == LatentShape(channels: 2, height: 1, width: 2))
        #expect(shape.halve([0, 1, 2, 3, 4, 5, 6, 7] + [8, 8, 0, 0, 8, 8, 0, 4]) == [2.5, 4.5, 8, 1])
    }
}

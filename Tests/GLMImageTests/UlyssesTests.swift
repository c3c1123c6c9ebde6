import Checkpoint
import Domain
import Foundation
import GLMImage
import Imaging
import ModelConfiguration
import ModelFixtures
import Tensor
import TensorCPU
import Testing

/// Passes that several ranks divide, against the same on one device.
///
/// What a row is computed to depends on no other row but through attention, and a head on no other head, so nothing that is summed is divided:
/// the bits are equal wherever a product has more rows than ``Device/batchRows`` on one device and on each rank, or no more on all. Between the
/// two kernels add in another order, and a library of products may by the number of rows.
@Suite struct UlyssesTests {
    private static let prompt = "a \"cat\" and \"dogs\""
    private static let source = RGBImage(width: 256, height: 512, pixels: (0..<256 * 512 * 3).map { UInt8(truncatingIfNeeded: $0 / 50) })

    /// - Parameters:
    ///   - sides: of guidance.
    ///   - model: with a number of heads that `degree` divides.
    private func renderer(_ degree: Int, sides: Int = 1, _ model: ModelFolder? = nil) throws -> ImageRenderer {
        let groups = (0..<sides).map { _ in
            degree == 1
                ? [DeviceGroup.Rank(CPUDevice(threads: 1))]
                : CPUCommunicator.group(degree, timeout: 60).map { DeviceGroup.Rank(CPUDevice(threads: 1), $0) }
        }
        return try ImageRenderer(model: model ?? Fixture.model(Fixture.glmTiny), devices: DeviceGroup(sides: groups))
    }

    private func codes(_ height: Int, _ width: Int) -> CodeGrid {
        Requests.grid(height / 32, width / 32, (0..<Int32(height / 32 * width / 32)).map { $0 % 16 })
    }

    /// One step's velocity of either branch.
    private func velocity(_ renderer: ImageRenderer, _ branch: Denoiser.Branch, height: Int, width: Int, edit: Bool = false) throws -> [Float] {
        let sources = edit ? [try renderer.latents(of: Self.source, codes: codes(512, 256).doubled) {}] : []
        let denoiser = try Denoiser(
            renderer, height: height, width: width, glyphs: renderer.glyphs.encode(["cat", "dogs"]), codes: codes(height, width).doubled,
            sources: renderer.write(sources) {}, guidanceScale: 2)
        var generator = TorchGenerator(seed: 3)
        let noise = generator.normal(count: renderer.autoencoder.latentShape(height: height, width: width).count)
        return try denoiser.velocity(branch, noise, timestep: 500)
    }

    /// The largest difference, of the largest value.
    private func difference(_ a: [Float], _ b: [Float]) -> Float {
        let most = zip(a, b).map { abs($0 - $1) }.max() ?? .nan
        return a.count == b.count ? most / (b.map(abs).max() ?? .nan) : .nan
    }

    @Test(
        "both branches have the bits of one device, also with source images, where each rank has more rows than batchRows", arguments: [2, 4],
        [false, true])
    func same(degree: Int, edit: Bool) throws {
        let one = try renderer(1), several = try renderer(degree)
        for branch in [Denoiser.Branch.conditional, .unconditional] {
            let expected = try velocity(one, branch, height: 512, width: 256, edit: edit)
            let found = try velocity(several, branch, height: 512, width: 256, edit: edit)
            if CPUDevice(threads: 1).features.contains("openblas") { #expect(difference(found, expected) < 1e-5) } else { #expect(found == expected) }
        }
    }

    /// glm-tiny's weights read as those of eight heads, each half as wide: numbers like any others.
    private func withEightHeads(_ body: (ModelFolder) throws -> Void) throws {
        try Fixture.withCopy(of: Fixture.model(Fixture.glmTiny).url) { copy in
            let url = copy.appending(path: "transformer/config.json")
            var values = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
            (values["num_attention_heads"], values["attention_head_dim"]) = (8, 16)
            try JSONSerialization.data(withJSONObject: values).write(to: url)
            try body(ModelFolder(copy))
        }
    }

    @Test("eight ranks, of one head each, have the bits of one device, and its numbers where rows can't be divided evenly")
    func eight() throws {
        try withEightHeads { model in
            let one = try renderer(1, model), eight = try renderer(8, model)
            for branch in [Denoiser.Branch.conditional, .unconditional] {
                let expected = try velocity(one, branch, height: 512, width: 512)
                let found = try velocity(eight, branch, height: 512, width: 512)
                let isExact = !CPUDevice(threads: 1).features.contains("openblas")
                #expect(isExact ? found == expected : difference(found, expected) < 1e-5)
                #expect(try difference(velocity(eight, branch, height: 64, width: 96), velocity(one, branch, height: 64, width: 96)) < 1e-5)
            }
        }
    }

    @Test(
        "rows that can't be divided evenly, ranks with text alone and ranks without any row change nothing but the order of sums",
        arguments: [2, 4], [(64, 96), (32, 96), (32, 32)])
    func uneven(degree: Int, size: (height: Int, width: Int)) throws {
        for branch in [Denoiser.Branch.conditional, .unconditional] {
            let expected = try velocity(renderer(1), branch, height: size.height, width: size.width)
            let found = try velocity(renderer(degree), branch, height: size.height, width: size.width)
            #expect(difference(found, expected) < 1e-5)
        }
    }

    private func request(steps: Int = 3, guidance: Float = 2, stepCache: Float? = nil) throws -> RenderRequest {
        let options = ImageOptions(height: 256, width: 256, steps: steps, guidanceScale: guidance, seed: 5, stepCache: stepCache)
        return try RenderRequest(prompt: Self.prompt, parameters: ImageParameters(options), target: codes(256, 256))
    }

    private func draw(_ renderer: ImageRenderer, _ request: RenderRequest) throws -> (picture: RGBImage, fullSteps: Int) {
        var full = 0
        let picture = try renderer.render(request, onDenoised: { full = $0 }, onStep: { _ in })
        return (picture, full)
    }

    /// The largest difference of two pictures' bytes.
    private func difference(_ a: RGBImage, _ b: RGBImage) -> Int {
        a.pixels.count == b.pixels.count ? zip(a.pixels, b.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0 : .max
    }

    @Test("two sides of guidance, of two ranks each, draw the picture of one device")
    func sides() throws {
        let request = try request()
        #expect(try difference(draw(renderer(2, sides: 2), request).picture, draw(renderer(1), request).picture) <= 1)
    }

    @Test("with step caching all ranks decide alike, and as one device does", arguments: [2, 4])
    func stepCache(degree: Int) throws {
        let request = try request(steps: 24, guidance: 1.5, stepCache: 0.24)
        let one = try draw(renderer(1), request), several = try draw(renderer(degree), request)
        #expect(several.fullSteps == one.fullSteps && one.fullSteps < 24)
        #expect(difference(several.picture, one.picture) <= 1)
    }

    private struct Left: Error {}

    @Test("a request that is cancelled in any block ends all ranks, and the next picture is the same as before")
    func cancelled() throws {
        let renderer = try renderer(4), request = try request()
        let before = try draw(renderer, request).picture
        for last in [1, 2, 7] {
            var checks = 0
            #expect(throws: Left.self) {
                try renderer.render(
                    request,
                    checkCancellation: {
                        checks += 1
                        if checks == last { throw Left() }
                    }, onStep: { _ in })
            }
        }
        #expect(throws: Left.self) { try renderer.render(request, onStep: { if $0 == 2 { throw Left() } }) }
        #expect(try draw(renderer, request).picture == before)
    }

    @Test("a rank that fails ends the picture with its name, and every later one", arguments: [0, 1, 3])
    func failing(rank: Int) throws {
        let group = CPUCommunicator.group(4, timeout: 60)
        let renderer = try ImageRenderer(
            model: Fixture.model(Fixture.glmTiny),
            devices: DeviceGroup(sides: [group.map { DeviceGroup.Rank(CPUDevice(threads: 1), $0) }]))
        for _ in 0..<2 {
            #expect(throws: DeviceError(.lost, "cpu (rank \(rank)): its device is gone")) {
                try renderer.render(request(), onStep: { _ in group[rank].abort(DeviceError(.lost, "its device is gone")) })
            }
        }
    }

    @Test("heads that can't be divided are refused with their number before a weight is loaded")
    func heads() throws {
        let ranks = CPUCommunicator.group(4).map { DeviceGroup.Rank(CPUDevice(threads: 1), $0) }
        let error = #expect(throws: GLMImageError.self) {
            _ = try ImageRenderer(model: Fixture.model("tiny-f32"), devices: DeviceGroup(sides: [ranks]))
        }
        #expect("\(try #require(error))".contains("num_attention_heads 2 can't be divided among 4 devices"))
    }
}

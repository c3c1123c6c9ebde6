import Checkpoint
import Domain
import GLMImage
import Imaging
import ModelFixtures
import Tensor
import TensorCPU
import Testing

/// Tests of images on ranks of the CPU, which compare them with the same on one device.
protocol DividedPasses {
    var division: PassDivision { get }
}

extension DividedPasses {
    static var source: RGBImage {
        RGBImage(width: 256, height: 512, pixels: (0..<256 * 512 * 3).map { UInt8(truncatingIfNeeded: $0 / 50) })
    }

    /// Ranks of one side, one thread each.
    func side(_ ranks: Int, _ precision: Precision = .f32) -> [DeviceGroup.Rank] {
        func device() -> CPUDevice { CPUDevice(threads: 1, precision: precision) }
        return ranks == 1
            ? [DeviceGroup.Rank(device())] : CPUCommunicator.group(ranks, timeout: 60).map { DeviceGroup.Rank(device(), $0) }
    }

    /// - Parameters:
    ///   - sides: of guidance.
    ///   - model: with a number of heads that `ranks` divides; nil: glm-tiny.
    func renderer(
        _ ranks: Int, sides: Int = 1, precision: Precision = .f32, model: ModelFolder? = nil
    ) throws -> ImageRenderer {
        try ImageRenderer(
            model: model ?? Fixture.model(Fixture.glmTiny), devices: DeviceGroup(sides: (0..<sides).map { _ in side(ranks, precision) }),
            dividing: division)
    }

    func codes(_ height: Int, _ width: Int) -> CodeGrid {
        Requests.grid(height / 32, width / 32, (0..<Int32(height / 32 * width / 32)).map { $0 % 16 })
    }

    /// One step's velocity of either branch.
    func velocity(
        _ renderer: ImageRenderer, _ branch: Denoiser.Branch, height: Int, width: Int, edit: Bool = false
    ) throws -> [Float] {
        let sources = edit ? [try renderer.latents(of: Self.source, codes: codes(512, 256).doubled) {}] : []
        let denoiser = try Denoiser(
            renderer, height: height, width: width, glyphs: renderer.glyphs.encode(["cat", "dogs"]), codes: codes(height, width).doubled,
            sources: renderer.write(sources) {}, guidanceScale: 2)
        var generator = TorchGenerator(seed: 3)
        let noise = generator.normal(count: renderer.autoencoder.latentShape(height: height, width: width).count)
        return try denoiser.velocity(branch, noise, timestep: 500)
    }

    /// The largest difference, of the largest value.
    func difference(_ a: [Float], _ b: [Float]) -> Float {
        let most = zip(a, b).map { abs($0 - $1) }.max() ?? .nan
        return a.count == b.count ? most / (b.map(abs).max() ?? .nan) : .nan
    }

    func request(steps: Int = 3, guidance: Float = 2, stepCache: Float? = nil, edit: Bool = false) throws -> RenderRequest {
        let options = ImageOptions(height: 256, width: 256, steps: steps, guidanceScale: guidance, seed: 5, stepCache: stepCache)
        return try RenderRequest(
            prompt: "a \"cat\" and \"dogs\"", parameters: ImageParameters(options), target: codes(256, 256),
            sources: edit ? [Requests.source(Self.source, codes(512, 256))] : [])
    }

    func draw(_ renderer: ImageRenderer, _ request: RenderRequest) throws -> (picture: RGBImage, fullSteps: Int) {
        var full = 0
        let picture = try renderer.render(
            request, images: request.sources.map { _ in Self.source }, onDenoised: { full = $0 }, onStep: { _ in })
        return (picture, full)
    }

    /// The largest difference of two pictures' bytes.
    func difference(_ a: RGBImage, _ b: RGBImage) -> Int {
        a.pixels.count == b.pixels.count ? zip(a.pixels, b.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0 : .max
    }

    /// A request that is cancelled in any block ends all ranks, and the next picture is the same as before.
    func checkCancelled(_ renderer: ImageRenderer) throws {
        let request = try request()
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

    /// With step caching all ranks decide alike, and as one device does.
    func checkStepCache(_ ranks: Int) throws {
        let request = try request(steps: 24, guidance: 1.5, stepCache: 0.24)
        let one = try draw(renderer(1), request), several = try draw(renderer(ranks), request)
        #expect(several.fullSteps == one.fullSteps && one.fullSteps < 24)
        #expect(difference(several.picture, one.picture) <= 1)
    }

    /// A rank that fails ends the picture with its name, and every later one.
    func checkFailing(_ rank: Int, of ranks: Int) throws {
        let side = side(ranks)
        let renderer = try ImageRenderer(model: Fixture.model(Fixture.glmTiny), devices: DeviceGroup(sides: [side]), dividing: division)
        for _ in 0..<2 {
            #expect(throws: DeviceError(.lost, "cpu (rank \(rank)): its device is gone")) {
                try renderer.render(request(), onStep: { _ in side[rank].communicator?.abort(DeviceError(.lost, "its device is gone")) })
            }
        }
    }
}

private struct Left: Error {}

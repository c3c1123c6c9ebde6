import Domain
import GLMImage
import Imaging
import ModelFixtures
import Tensor
import TensorCPU
import Testing

@Suite struct StepCacheTests {
    private static let steps = 24
    /// As large as every checkpoint takes a source.
    private static let source = RGBImage(width: 256, height: 256, pixels: (0..<256 * 256 * 3).map { UInt8(truncatingIfNeeded: $0 / 50) })

    private func request(_ threshold: Float?, guidance: Float = 1.5, edit: Bool = false, seed: UInt64 = 5) throws -> RenderRequest {
        let options = ImageOptions(height: 64, width: 96, steps: Self.steps, guidanceScale: guidance, seed: seed, stepCache: threshold)
        return try RenderRequest(
            prompt: "a \"cat\" and \"dogs\"", parameters: ImageParameters(options), target: Requests.grid(2, 3, [3, 2, 1, 0, 4, 5]),
            sources: edit ? [Requests.source(Self.source, Requests.grid(8, 8, Array(0..<64)))] : [])
    }

    private func renderer(devices: Int = 1) throws -> ImageRenderer {
        try ImageRenderer(
            model: Fixture.model(Fixture.glmTiny), devices: DeviceGroup((0..<devices).map { _ in CPUDevice(threads: 1) }))
    }

    private func draw(_ renderer: ImageRenderer, _ request: RenderRequest) throws -> (picture: RGBImage, fullSteps: Int) {
        var full = 0
        let images = request.sources.map { _ in Self.source }
        let picture = try renderer.render(request, images: images, onDenoised: { full = $0 }, onStep: { _ in })
        return (picture, full)
    }

    /// The steps that are computed in full, and those whose change was asked for.
    private func decisions(_ count: Int, changes: (Int) -> Float) -> (full: [Int], asked: [Int]) {
        var policy = StepCachePolicy(threshold: 0.2)
        var full: [Int] = [], asked: [Int] = []
        for step in 0..<count {
            let decision = policy.decide(step: step, of: count) {
                asked.append(step)
                return changes(step)
            }
            if decision == .compute { full.append(step) }
        }
        return (full, asked)
    }

    @Test("the first four steps and the last are computed, and of the others at least every fifth, whatever the residual does")
    func bounds() {
        let (full, asked) = decisions(16) { _ in 0 }
        #expect(full == [0, 1, 2, 3, 8, 13, 15])
        #expect(asked == [4, 5, 6, 7, 9, 10, 11, 12, 14], "where it decides nothing the host does not wait for it")
        for count in 1...5 { #expect(decisions(count) { _ in 0 }.full == Array(0..<count)) }
    }

    @Test("a residual that has changed by the threshold or more, or is not a number, computes the step, and forecasts are counted anew")
    func threshold() {
        #expect(decisions(16) { $0 == 6 ? 0.2 : 0.19 }.full == [0, 1, 2, 3, 6, 11, 15])
        for change in [Float.nan, .infinity, 0.2] { #expect(decisions(12) { _ in change }.full == Array(0..<12)) }
    }

    @Test("what grows evenly is forecast exactly once two steps are known, however far apart; what bends, by its second difference")
    func taylor() throws {
        let device = CPUDevice(threads: 1)
        let x = device.makeTensor([2, 3], .f32)
        /// What 10 becomes at a step, when a stretch has added `added` in the steps that were learnt.
        func forecast(_ learnt: [Int], at step: Int, _ added: (Int) -> Float) throws -> [Float] {
            var forecast = TaylorForecast(rows: 2, hidden: 3, on: device)
            for step in learnt {
                device.write([Float](repeating: 1, count: 6), to: x)
                forecast.hold(x)
                device.write([Float](repeating: 1 + added(step), count: 6), to: x)
                forecast.learn(x, step: step)
            }
            device.write([Float](repeating: 10, count: 6), to: x)
            forecast.forecast(step, to: x)
            return try device.floats(x)
        }
        func all(_ value: Float) -> [Float] { [Float](repeating: value, count: 6) }
        func line(_ step: Int) -> Float { 2 * Float(step) - 3 }
        func square(_ step: Int) -> Float { Float(step * step) }
        #expect(try forecast([0], at: 3, line) == all(10 + line(0)))
        #expect(try forecast([0, 1], at: 3, line) == all(10 + line(3)))
        #expect(try forecast([0, 1, 3, 4], at: 8, line) == all(10 + line(8)))
        // 4 + 3 · 2 + 2 · 2² / 2, and 16 + 6 · 2 + 1.5 · 2² / 2.
        #expect(try forecast([0, 1, 2], at: 4, square) == all(10 + 14))
        #expect(try forecast([0, 1, 2, 4], at: 6, square) == all(10 + 31))
    }

    @Test("where no step is forecast, the picture is the one without step caching to the bit", arguments: [1, 1.5] as [Float])
    func off(guidance: Float) throws {
        let renderer = try renderer()
        let plain = try draw(renderer, request(nil, guidance: guidance))
        let computed = try draw(renderer, request(.leastNonzeroMagnitude, guidance: guidance))
        #expect(plain.picture == computed.picture && plain.fullSteps == Self.steps && computed.fullSteps == Self.steps)
    }

    @Test(
        "steps are skipped, and the picture is the same to the bit alone, after others, and with one branch of guidance on a second device",
        arguments: [1, 1.5] as [Float], [false, true])
    func same(guidance: Float, edit: Bool) throws {
        let request = try request(1, guidance: guidance, edit: edit)
        let renderer = try renderer()
        let alone = try draw(renderer, request)
        // Four at first, at least every fifth behind them, and the last.
        #expect((8..<Self.steps).contains(alone.fullSteps))
        let plain = try draw(renderer, self.request(0, guidance: guidance, edit: edit))
        #expect(plain.picture != alone.picture)
        _ = try draw(renderer, self.request(0.5, guidance: guidance, seed: 6))
        for other in try [draw(renderer, request), draw(self.renderer(), request), draw(self.renderer(devices: 2), request)] {
            #expect(other.picture == alone.picture && other.fullSteps == alone.fullSteps)
        }
    }

    @Test("a picture that was left in the middle leaves nothing to the next")
    func cancelled() throws {
        struct Left: Error {}
        let renderer = try renderer()
        let before = try draw(renderer, request(1)).picture
        #expect(throws: Left.self) { try renderer.render(request(1), onStep: { if $0 == 9 { throw Left() } }) }
        #expect(try draw(renderer, request(1)).picture == before)
    }

    @Test("a transformer that has no blocks to skip refuses it")
    func shallow() throws {
        let renderer = try ImageRenderer(model: Fixture.model("tiny-f32"), devices: DeviceGroup(CPUDevice(threads: 1)))
        #expect(!renderer.cachesSteps)
        #expect(throws: RequestError("step_cache 0.5: a transformer of 2 blocks has none to skip")) {
            try renderer.render(request(0.5), onStep: { _ in })
        }
    }
}

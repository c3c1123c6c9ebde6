import Domain
import GLMImage
import ModelFixtures
import Imaging
import Tensor
import TensorCPU
import Testing

@Suite struct DeviceGroupTests {
    private struct Left: Error {}

    private func request(sources: [SourceImage] = [], guidance: Float = 2) throws -> RenderRequest {
        try RenderRequest(
            prompt: "a \"cat\" and \"dogs\"", parameters: Requests.parameters(64, 96, steps: 3, guidanceScale: guidance, seed: 5),
            target: Requests.grid(2, 3, [3, 2, 1, 0, 4, 5]), sources: sources)
    }

    @Test("with one branch of guidance on a second device the picture is the same to the bit, also for edits and without guidance")
    func same() throws {
        let model = try Fixture.model("tiny-f32")
        let one = try ImageRenderer(model: model, devices: DeviceGroup(CPUDevice(threads: 1)))
        let two = try ImageRenderer(model: model, devices: DeviceGroup([CPUDevice(threads: 1), CPUDevice(threads: 1)]))
        let image = RGBImage(width: 64, height: 64, pixels: (0..<64 * 64 * 3).map { UInt8(truncatingIfNeeded: $0) })
        let source = try Requests.source(image, Requests.grid(2, 2, [1, 2, 3, 4]))
        for (request, images) in try [(request(), []), (request(sources: [source]), [image]), (request(guidance: 1), [])] {
            #expect(try two.render(request, images: images, onStep: { _ in }) == one.render(request, images: images, onStep: { _ in }))
        }
    }

    @Test("a cancelled request ends both branches, and the next picture is the same as before")
    func cancelled() throws {
        let renderer = try ImageRenderer(model: Fixture.model("tiny-f32"), devices: DeviceGroup([CPUDevice(threads: 1), CPUDevice(threads: 1)]))
        let before = try renderer.render(request(), onStep: { _ in })
        var checks = 0
        #expect(throws: Left.self) {
            try renderer.render(
                request(),
                checkCancellation: {
                    checks += 1; if checks == 3 { throw Left() }
                }, onStep: { _ in })
        }
        #expect(throws: Left.self) { try renderer.render(request(), onStep: { if $0 == 2 { throw Left() } }) }
        #expect(try renderer.render(request(), onStep: { _ in }) == before)
    }
}

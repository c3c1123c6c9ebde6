import Domain
import GLMImage
import ModelFixtures
import Imaging
import Tensor
import TensorCPU
import Testing

@Suite struct SourceKVCacheTests {
    private typealias Source = (image: RGBImage, codes: CodeGrid)

    /// An image of 64 × 64 in a shade of its own, with codes.
    private func source(_ shade: UInt8) -> Source {
        (
            RGBImage(width: 64, height: 64, pixels: (0..<64 * 64 * 3).map { UInt8(truncatingIfNeeded: $0) &+ shade }),
            Requests.grid(2, 2, [0, 1, 2, Int32(shade)])
        )
    }

    private func edit(_ renderer: ImageRenderer, _ sources: [Source], onSources: (Bool) -> Void = { _ in }) throws -> RGBImage {
        let request = try RenderRequest(
            prompt: "a \"cat\"", parameters: Requests.parameters(64, 64, seed: 1), target: Requests.grid(2, 2, [3, 2, 1, 0]),
            sources: sources.map { try Requests.source($0.image, $0.codes) })
        return try renderer.render(request, images: sources.map(\.image), onSources: onSources, onStep: { _ in })
    }

    /// Renders them in turn and says which found keys and values of an earlier one.
    private func known(_ renderer: ImageRenderer, _ edits: [[Source]]) throws -> [Bool] {
        var known: [Bool] = []
        for sources in edits { _ = try edit(renderer, sources) { known.append($0) } }
        return known
    }

    @Test("the next edit of the same images finds their keys and values, and is the same to the bit")
    func same() throws {
        let renderer = try ImageRenderer(model: Fixture.model("tiny-f32"), devices: DeviceGroup(CPUDevice(threads: 1)), sourceCacheBytes: 64 << 20)
        let alone = try ImageRenderer(model: Fixture.model("tiny-f32"), devices: DeviceGroup(CPUDevice(threads: 1)))
        let sources = [source(1), source(2)]
        let first = try edit(renderer, sources)
        var found = false
        let second = try edit(renderer, sources) { found = $0 }
        #expect(found)
        #expect(second == first)
        #expect(try edit(alone, sources) == first)
        #expect(try known(renderer, [[source(2), source(1)], [source(1)], sources]) == [false, false, true])
    }

    @Test("with room for the keys and values of one image the last one's are kept, with room for none nothing is")
    func room() throws {
        let model = try Fixture.model("tiny-f32")
        let bytes = try ImageRenderer(model: model, devices: DeviceGroup(CPUDevice(threads: 1))).sourceKVBytes(height: 64, width: 64)
        let one = try ImageRenderer(model: model, devices: DeviceGroup(CPUDevice(threads: 1)), sourceCacheBytes: bytes)
        #expect(try known(one, [[source(1)], [source(1)], [source(2)], [source(1)], [source(1)]]) == [false, true, false, false, true])
        let none = try ImageRenderer(model: model, devices: DeviceGroup(CPUDevice(threads: 1)), sourceCacheBytes: bytes - 1)
        #expect(try known(none, [[source(1)], [source(1)]]) == [false, false])
    }
}

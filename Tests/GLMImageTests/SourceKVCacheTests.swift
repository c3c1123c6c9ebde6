import GLMImage
import ModelFixtures
import Imaging
import Tensor
import TensorCPU
import Testing

@Suite struct SourceKVCacheTests {
    /// A picture of 64 × 64 in a shade of its own, with codes.
    private func source(_ shade: UInt8) -> SourcePicture {
        SourcePicture(
            image: RGBImage(width: 64, height: 64, pixels: (0..<64 * 64 * 3).map { UInt8(truncatingIfNeeded: $0) &+ shade }),
            codes: CodeGrid(height: 2, width: 2, codes: [0, 1, 2, Int32(shade)]))
    }

    private func edit(_ sources: [SourcePicture]) -> RenderRequest {
        RenderRequest(
            prompt: "a \"cat\"", height: 64, width: 64, target: CodeGrid(height: 2, width: 2, codes: [3, 2, 1, 0]), sources: sources, steps: 1,
            guidanceScale: 1.5, seed: 1)
    }

    /// Draws them in turn and says which found keys and values of an earlier one.
    private func known(_ renderer: ImageRenderer, _ edits: [[SourcePicture]]) throws -> [Bool] {
        var known: [Bool] = []
        for sources in edits { _ = try renderer.render(edit(sources), onSources: { known.append($0) }, onStep: { _ in }) }
        return known
    }

    @Test("the next edit of the same images finds their keys and values, and is the same to the bit")
    func same() throws {
        let renderer = try ImageRenderer(model: Fixture.model("tiny-f32"), devices: DeviceGroup(CPUDevice(threads: 1)), sourceCacheBytes: 64 << 20)
        let alone = try ImageRenderer(model: Fixture.model("tiny-f32"), devices: DeviceGroup(CPUDevice(threads: 1)))
        let sources = [source(1), source(2)]
        let first = try renderer.render(edit(sources), onStep: { _ in })
        var found = false
        let second = try renderer.render(edit(sources), onSources: { found = $0 }, onStep: { _ in })
        #expect(found)
        #expect(second == first)
        #expect(try alone.render(edit(sources), onStep: { _ in }) == first)
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

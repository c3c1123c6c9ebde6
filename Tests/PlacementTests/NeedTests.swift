import Foundation
import Placement
import Domain
import Testing

/// Needs of the published model against numbers worked out by hand from its configuration.
struct NeedTests {
    @Test("weights are counted by stage from the headers, in bf16")
    func weights() throws {
        let needs = try needs("")
        #expect(needs[.vision]?[.weights] == 2 * RealSize.vision)
        #expect(needs[.text]?[.weights] == 2 * RealSize.text)
        #expect(needs[.diffusion]?[.weights] == 2 * RealSize.diffusion)
    }

    @Test("keys and values take 40 KiB a token and sequence")
    func keysAndValues() throws {
        // Prompt, one source of 64 × 64 codes, preview, picture, end.
        let tokens = 8192 + 4096 + 256 + 4096 + 1
        #expect(try needs("stages: {text: {batch: 8}}")[.text]?[.keysAndValues] == 8 * tokens * 40 * 1024)
        #expect(
            try needs("stages: {text: {batch: 1}}\nlimits: {sources: 0, pixels: 1048576}")[.text]?[.keysAndValues] == (8192 + 256 + 1024 + 1) * 40
                * 1024)
    }

    @Test("a source picture takes 480 KiB an image token: 8 GB at 2048 × 2048")
    func sourceCache() throws {
        #expect(try needs("")[.diffusion]?[.sourceCache] == 16384 * 480 * 1024)
        #expect(try needs("limits: {sources: 3, pixels: 1048576}")[.diffusion]?[.sourceCache] == 3 * 4096 * 480 * 1024)
        #expect(try needs("limits: {sources: 0}")[.diffusion]?[.sourceCache] == nil)
    }

    @Test("decoding holds three f32 images of 512 channels at full size")
    func decoding() throws {
        #expect(try needs("limits: {pixels: 1048576}")[.diffusion]?[.decoding] == 3 * 1_048_576 * 512 * 4)
    }

    @Test("in tiles decoding holds three images of a tile, 1024 × 1024 at most, whatever the picture's size")
    func tiles() throws {
        let tile = 3 * 1_048_576 * 512 * 4
        #expect(try needs("stages: {diffusion: {vae_tiling: true}}")[.diffusion]?[.decoding] == tile)
        #expect(try needs("stages: {diffusion: {vae_tiling: true}}\nlimits: {pixels: 262144}")[.diffusion]?[.decoding] == tile / 4)
        #expect(try needs("")[.diffusion]?[.decoding] == 4 * tile)
    }

    @Test("the workspace is marked as an estimate, the weights are not")
    func estimates() throws {
        let stages = try Planner(Topology(), inventory: .npus(2), model: RealSize.folder).plan().stages
        #expect(stages.flatMap(\.needs).allSatisfy { $0.isEstimate == ($0.item == .workspace) })
    }

    private func needs(_ yaml: String) throws -> [StageKind: [Need.Item: Int]] {
        let plan = try Planner(Topology(yaml: yaml, file: "f"), inventory: .npus(2), model: RealSize.folder).plan()
        return Dictionary(
            plan.stages.map { ($0.role, Dictionary($0.needs.map { ($0.item, $0.bytes) }, uniquingKeysWith: +)) },
            uniquingKeysWith: { first, _ in first })
    }
}

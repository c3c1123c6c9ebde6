import Domain
import Foundation
import ModelConfiguration
import Placement
import Testing

/// What a plan counts for the published model, against numbers worked out by hand from its configuration. That the model takes just
/// this is shown by GLMImageTests/FootprintTests.
@Suite("Memory of planned stages")
struct PlannedMemoryTests {
    private let mebibyte = 1 << 20

    @Test("weights are counted by stage from the headers, in bf16; the quantizer's in f32")
    func weights() throws {
        let memory = try memory("")
        #expect(memory[.vision]?[.weights] == 2 * RealSize.tower + 4 * RealSize.quantizer)
        #expect(memory[.text]?[.weights] == 2 * RealSize.text)
        #expect(memory[.diffusion]?[.weights] == 2 * RealSize.diffusion)
    }

    @Test("keys and values take 40 KiB a token and sequence, in pages of 64 tokens")
    func keysAndValues() throws {
        // Prompt, one source of 64 × 64 codes, preview, picture, end: 16641 tokens in 261 pages.
        let token = 40 * 1024, page = 64 * token
        let tokens: Int = [8192, 4096, 256, 4096, 1].reduce(0, +)
        #expect((tokens + 63) / 64 == 261)
        #expect(try memory("stages: {text: {batch: 8}}")[.text]?[.keysAndValues] == 8 * 261 * page)
        // 9473 tokens in 149 pages: 372.5 MiB, counted in whole ones as the stage's flag takes them.
        #expect(try memory("stages: {text: {batch: 1}}\nlimits: {sources: 0, pixels: 1048576}")[.text]?[.keysAndValues] == 373 * mebibyte)
    }

    @Test("a source image takes 480 KiB an image token: 8 GB at 2048 × 2048")
    func sourceCache() throws {
        let token = 480 * 1024
        #expect(try memory("")[.diffusion]?[.sourceCache] == 16384 * token)
        #expect(try memory("limits: {sources: 3, pixels: 1048576}")[.diffusion]?[.sourceCache] == 3 * 4096 * token)
        #expect(try memory("limits: {sources: 0}")[.diffusion]?[.sourceCache] == nil)
    }

    @Test("decoding holds three f32 images of 512 channels at full size, the latents and the picture")
    func decoding() throws {
        #expect(try memory("limits: {pixels: 1048576}")[.diffusion]?[.decoding] == decoding(1_048_576))
    }

    @Test("in tiles decoding holds three images of a tile, 1024 × 1024 at most, whatever the picture's size")
    func tiles() throws {
        #expect(try memory("")[.diffusion]?[.decoding] == decoding(1_048_576))
        #expect(try memory("limits: {pixels: 262144}")[.diffusion]?[.decoding] == decoding(262_144))
        #expect(try memory("stages: {diffusion: {vae_tiling: false}}")[.diffusion]?[.decoding] == decoding(4_194_304))
    }

    @Test("activations of a checkpoint in bf16 are bf16 on a card: of 64 × 64 patches of the tower 5 rows of 1536, an inner one and their pixels")
    func activations() throws {
        let tower = 2 * 4096 * (5 * 1536 + 6144 + 3 * 16 * 16), quantizing = 4096 * (2 * 1536 + 4 * (2048 + 16_384 + 1))
        #expect(quantizing > tower)
        #expect(try memory("")[.vision]?[.activations] == quantizing)
        // x, norm and query, the four-fold inner row, keys and values, the prior and one more while it is projected: 2 bytes, of 16384 image tokens,
        // 2048 of text and one of the other branch's, keys and values also of the source.
        let rows = 16_384 + 2048, text = 2048 + 1
        let session = 2 * ((3 + 4 + 2) * rows + 2 * 16_384) * 4096, priors = 2 * (3 * 16_384 + text) * 4096
        // Patches of 64 values and angles of heads of 128, in f32.
        let exact = 4 * 16_384 * (64 + 128)
        let all = try #require(try memory("")[.diffusion]?[.activations])
        #expect(all - session - priors - exact < 8 << 20 && all > session + priors + exact)
    }

    @Test("plan and model agree on how many rows of a prompt are computed at once")
    func prefillChunk() throws {
        let text = try #require(try stages("").first { $0.kind == .text })
        #expect(text.items().contains { $0.reason.hasPrefix("\(DecoderSizes.prefillChunk) rows of a prompt at once") })
    }

    @Test("the workspace is marked as an estimate, the rest is not")
    func estimates() throws {
        #expect(try stages("").flatMap { $0.items() }.allSatisfy { $0.isEstimate == ($0.item == .workspace) })
    }

    /// Three images of 512 channels at full size, 16 channels of latents at an eighth of the sides, three of the picture.
    private func decoding(_ pixels: Int) -> Int { 4 * (3 * 512 * pixels + 16 * pixels / 64 + 3 * pixels) }

    private func stages(_ yaml: String) throws -> [StageSpec] {
        try Planner(Topology(yaml: yaml, file: "f"), inventory: .npus(2), models: [RealSize.folder]).plan().stages
    }

    private func memory(_ yaml: String) throws -> [StageKind: [MemoryItem.Item: Int]] {
        Dictionary(
            try stages(yaml).map { ($0.kind, Dictionary($0.items().map { ($0.item, $0.bytes) }, uniquingKeysWith: +)) },
            uniquingKeysWith: { first, _ in first })
    }
}

import Checkpoint
import Domain
import GLMImage
import ModelConfiguration
import ModelFixtures
import Tensor
import TensorCPU
import Testing

/// Passes of the transformer whose heads and inner columns several ranks divide, against the same on one device.
///
/// The products of queries, keys and values and the first of the MLP are divided by outputs, and attention by heads: these have the bits of one
/// device. The two products behind them are divided by inputs: their sums are made of as many parts as there are ranks, in the ranks' order, so
/// that the bits of what follows are others than on one device. They are the same on every rank and in every run.
@Suite struct TensorParallelTransformerTests: DividedPasses {
    let division = PassDivision.tensorParallel
    private static let branches = [Denoiser.Branch.conditional, .unconditional]

    private static var precisions: [Precision] {
        Precision.allCases.filter { $0 == .f32 || CPUDevice(threads: 1, precision: .bf16).precision == .bf16 }
    }

    @Test(
        "both branches have the numbers of one device but for the order of sums, also with source images, and their bits again",
        arguments: [(Fixture.glmTiny, 2), (Fixture.glmTiny, 4)] + Fixture.checkpoints.map { ($0, 2) }, [false, true])
    func same(form: (checkpoint: String, ranks: Int), edit: Bool) throws {
        let model = try Fixture.model(form.checkpoint)
        for precision in Self.precisions {
            func velocity(_ renderer: ImageRenderer, _ branch: Denoiser.Branch) throws -> [Float] {
                try self.velocity(renderer, branch, height: 64, width: 96, edit: edit)
            }
            let one = try renderer(1, precision: precision, model: model)
            let several = try (0..<2).map { _ in try renderer(form.ranks, precision: precision, model: model) }
            for branch in Self.branches {
                let expected = try velocity(one, branch), found = try velocity(several[0], branch)
                // In bf16 a sum that differs in its last bit may be rounded to the other side before the next product.
                #expect(difference(found, expected) < (precision == .f32 ? 1e-5 : 2e-2), "\(precision), \(branch)")
                #expect(try velocity(several[0], branch) == found && velocity(several[1], branch) == found, "\(precision), \(branch)")
            }
        }
    }

    @Test("two sides of guidance, of two ranks each, draw the image of one side, and that of one device but for the order of sums")
    func sides() throws {
        let request = try request(edit: true)
        let found = try draw(renderer(2, sides: 2), request).picture
        #expect(try draw(renderer(2), request).picture == found)
        #expect(try difference(found, draw(renderer(1), request).picture) <= 1)
    }

    @Test("with step caching all ranks decide alike, and as one device does", arguments: [2, 4])
    func stepCache(ranks: Int) throws { try checkStepCache(ranks) }

    @Test("a request that is cancelled in any block ends all ranks, and the next picture is the same as before")
    func cancelled() throws { try checkCancelled(renderer(4)) }

    @Test("a rank that fails ends the picture with its name, and every later one", arguments: [0, 1])
    func failing(rank: Int) throws { try checkFailing(rank, of: 2) }

    @Test("heads that can't be divided are refused with their number before a weight is loaded")
    func heads() throws {
        let error = #expect(throws: GLMImageError.self) { try renderer(4, model: Fixture.model("tiny-f32")) }
        #expect("\(try #require(error))".contains("num_attention_heads 2 can't be divided among 4 devices (tensor parallel size 4)"))
    }

    @Test("ranks have heads and inner columns in their order, and all rows; by Ulysses they have all columns")
    func share() {
        let four = TransformerShare(.tensorParallel, ranks: 4)
        #expect((0..<4).map { four.columns(64, of: $0) } == [0..<16, 16..<32, 32..<48, 48..<64])
        #expect(four.rowRanks == 1 && four.headRanks == 4)
        let ulysses = TransformerShare(.ulysses, ranks: 4)
        #expect((0..<4).allSatisfy { ulysses.columns(64, of: $0) == 0..<64 } && ulysses.rowRanks == 4 && ulysses.headRanks == 1)
        #expect(TransformerShare(nil, ranks: 1).columns(64, of: 0) == 0..<64)
    }

    // MARK: Memory

    private func metered(_ ranks: Int, _ folder: ModelFolder) throws -> (devices: [MeteredDevice], renderer: ImageRenderer) {
        let side = side(ranks), devices = side.map { MeteredDevice($0.device) }
        let group = zip(devices, side).map { DeviceGroup.Rank($0, $1.communicator) }
        return (devices, try ImageRenderer(model: folder, devices: DeviceGroup(sides: [group]), dividing: division, sourceCacheBytes: 1 << 30))
    }

    @Test(
        "each device has what is counted of the weights, its rows where the file is mapped",
        arguments: [(Fixture.glmTiny, 2), (Fixture.glmTiny, 4)] + Fixture.checkpoints.map { ($0, 2) })
    func weights(form: (checkpoint: String, ranks: Int)) throws {
        let folder = try Fixture.model(form.checkpoint), weights = try CheckpointWeights(folder)
        let constant = TransformerFootprint(try ImageConfigurations(folder).transformer, elementBytes: 4).constant
        let (devices, renderer) = try metered(form.ranks, folder)
        let counts = (0..<form.ranks).map { weights.transformer(rank: $0, of: form.ranks) }
        for (rank, device) in devices.enumerated() {
            // The first also has the glyph encoder and the VAE.
            let parts = [counts[rank]] + (rank == 0 ? [weights.part(.textEncoder), weights.part(.vae)] : [])
            #expect(device.memory.mapped == parts.reduce(0) { $0 + $1.mappedBytes }, "rank \(rank)")
            #expect(device.memory.live - constant == parts.reduce(0) { $0 + $1.deviceCopyBytes }, "rank \(rank)")
        }
        #expect(weights.transformer(rank: 0, of: 1) == weights.part(.transformer))
        // Modulation, embeddings and what is in front of the blocks and behind them are on each.
        #expect(counts[1].mappedBytes < weights.part(.transformer).mappedBytes && counts[1].parameters < counts[0].parameters)
        withExtendedLifetime(renderer) {}
    }

    @Test("denoising, step caching and writing the keys and values of a source take of each device what is counted for it", arguments: [2, 4])
    func memory(ranks: Int) throws {
        let folder = try Fixture.model(Fixture.glmTiny), configurations = try ImageConfigurations(folder)
        let footprint = TransformerFootprint(
            configurations.transformer, elementBytes: 4, share: TransformerShare(.tensorParallel, ranks: ranks))
        let (devices, renderer) = try metered(ranks, folder)
        func taken(_ body: () throws -> Void) rethrows -> [Int] {
            let before = devices.map { device in
                device.memory.resetPeak()
                return device.memory.live
            }
            try body()
            return zip(devices, before).map { $0.memory.peak - $1 }
        }
        let patches = configurations.tokens(pixels: 256 * 512), image = configurations.tokens(pixels: 256 * 256)
        let source = try renderer.latents(of: Self.source, codes: codes(512, 256).doubled) {}
        let writing = footprint.sourceCache(rows: patches) + footprint.writing(image: patches)
        #expect(try taken { _ = try renderer.write([source]) {} } == Array(repeating: writing, count: ranks))

        let request = try request(edit: true), text = renderer.glyphTokens(request.prompt), empty = renderer.glyphTokens("")
        // Keys and values of the source stay from the first picture to the second.
        _ = try draw(renderer, request)
        let stepping = try taken { _ = try draw(renderer, request) }
        let counted = footprint.denoising(image: image, text: text, sources: patches, unconditional: empty)
        let glyphs = GlyphFootprint(configurations.glyph).embeddings(rows: text + empty)
        // The first also encodes glyphs and decodes latents.
        for bytes in stepping.dropFirst() { #expect((counted...counted + glyphs).contains(bytes), "\(bytes) of \(counted)") }

        let caching = try taken { _ = try draw(renderer, self.request(steps: 6, stepCache: 1, edit: true)) }
        let caches = [text, empty].reduce(0) { $0 + footprint.stepCache(image: image, text: $1) }
        // Without, the most is taken while the second branch's prior is projected; its cache is made behind that.
        let projecting = 4 * image * configurations.transformer.hiddenSize
        for (more, plain) in zip(caching, stepping).dropFirst() {
            #expect((caches - projecting - glyphs...caches).contains(more - plain), "\(more - plain) of \(caches)")
        }
    }
}

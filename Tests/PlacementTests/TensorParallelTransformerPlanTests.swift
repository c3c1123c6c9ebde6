import Domain
import Foundation
import ModelConfiguration
import Placement
import Testing

/// Diffusion stages that divide the transformer's weights among several cards.
struct TensorParallelTransformerPlanTests {
    private func plan(_ stages: String, _ inventory: Inventory, models: [URL] = [RealSize.folder]) throws -> Plan {
        try Planner(Topology(yaml: "stages: {\(stages)}", file: "f"), inventory: inventory, models: models).plan()
    }

    /// On listed cards.
    /// - Parameter keys: beside devices.
    private func diffusion(_ keys: String, cards: Int, model: URL = RealSize.folder) throws -> StageSpec {
        let list = (0..<cards).map { "npu:\($0)" }.joined(separator: ", ")
        let plan = try plan("text: {devices: [npu:8]}, diffusion: {\(keys), devices: [[\(list)]]}", .npus(9), models: [model])
        return try #require(plan.stages.first { $0.kind == .diffusion })
    }

    private func bytes(_ stage: StageSpec, _ item: MemoryItem.Item) -> [Int?] {
        stage.devices.indices.map { device in stage.items(device).first { $0.item == item }?.bytes }
    }

    @Test("a stage on listed cards gets its size, and each card HCCL's buffers; a plan from a file is sound only with its division")
    func listed() throws {
        var stage = try diffusion("tensor_parallel_size: 2", cards: 4)
        #expect(stage.ranks == 2 && stage.division == .tensorParallel && stage.isSound)
        #expect(Array(stage.arguments.suffix(2)) == ["--tensor-parallel-size", "2"] && !stage.arguments.contains("--ulysses-degree"))
        #expect(stage.environment["HCCL_BUFFSIZE"] == "64" && stage.environment["ASCEND_RT_VISIBLE_DEVICES"] == "0,1,2,3")
        #expect(bytes(stage, .exchange) == Array(repeating: 128 << 20, count: 4))
        #expect(try JSONDecoder().decode(StageSpec.self, from: JSONEncoder().encode(stage)) == stage)
        stage.ranks = 8
        #expect(!stage.isSound)
        (stage.ranks, stage.division) = (2, nil)
        #expect(!stage.isSound)
    }

    @Test("the products of blocks are divided, on each side of guidance alike; by Ulysses each card has all of them")
    func weights() throws {
        let others = RealSize.diffusion - RealSize.transformer
        func expected(_ ranks: Int) -> Int { 2 * (RealSize.transformer - RealSize.blocks / ranks * (ranks - 1)) }
        for ranks in [2, 4] {
            for cards in [ranks, 2 * ranks] {
                let stage = try diffusion("tensor_parallel_size: \(ranks)", cards: cards)
                #expect(bytes(stage, .weights) == [expected(ranks) + 2 * others] + Array(repeating: expected(ranks), count: cards - 1))
            }
        }
        #expect(try bytes(diffusion("ulysses_degree: 4", cards: 4), .weights).dropFirst().allSatisfy { $0 == expected(1) })
        let int8 = try diffusion("tensor_parallel_size: 2", cards: 2, model: RealSize.int8)
        #expect(bytes(int8, .weights)[1] == expected(2) / 2)
    }

    @Test("activations are of all rows: some columns of queries, keys, values and the inner ones, all of what is summed, which is f32")
    func activations() throws {
        let (hidden, image, text, patch) = (4096, 128 * 128, GlyphConfiguration.maximumLength, 16 * 4)
        let rows = image + text
        for ranks in [2, 4] {
            let own = hidden / ranks
            let stage = try diffusion("tensor_parallel_size: \(ranks)", cards: 2 * ranks)
            // Rows that pass through a block with those of a source; what both branches keep; a prior that is projected.
            let session = 2 * (2 * rows * hidden + (1 + 1 + 4) * rows * own + 2 * (rows + image) * own + 512) + 4 * rows * hidden
            let vectors = 4 * (image * (patch + 128) + 14 * hidden + 512)
            let branches = 2 * ((image + text) + (image + 1)) * hidden, projecting = 2 * image * hidden
            let glyphs = 4 * (text + 1) * 1472, constant = 4 * 2 * 512
            #expect(bytes(stage, .activations)[1] == session + vectors + branches + projecting + glyphs + constant)
            // Source images are of the conditional branch alone, and divided by heads.
            let sources = 2 * 30 * image * own * 2
            #expect(bytes(stage, .sourceCache) == Array(repeating: sources, count: ranks) + Array(repeating: nil, count: ranks))
        }
    }

    @Test("a transformer that one card doesn't hold is planned on two that hold a part each")
    func small() throws {
        let inventory = Inventory.npus(3, memory: 26 << 30)
        func lacks(_ keys: String) throws -> Bool {
            let others = "vision: {devices: [npu:2]}, text: {devices: [npu:2]}"
            let plan = try plan("\(others), diffusion: {\(keys), devices: [[npu:0, npu:1]]}", inventory)
            return plan.shortages.contains { $0.device != .npu(2) }
        }
        #expect(try lacks("ulysses_degree: 2") && !lacks("tensor_parallel_size: 2"))
    }

    @Test(
        "what can't be divided is refused with names and numbers",
        arguments: [
            ("diffusion: {tensor_parallel_size: 8}", "f:1: stages.diffusion.tensor_parallel_size is \"8\", should be 1, 2 or 4"),
            (
                "diffusion: {tensor_parallel_size: 2, devices: [[npu:0, npu:1, npu:2]]}",
                "f:1: stages.diffusion.devices groups 3 devices; a diffusion stage computes on 2 or 4 with tensor_parallel_size 2"
            ),
            (
                "diffusion: {ulysses_degree: 2, tensor_parallel_size: 4}",
                "f:1: stages.diffusion.tensor_parallel_size is 4 with ulysses_degree 2; one of the two at a time"
            ),
            (
                "diffusion: {tensor_parallel_size: 2, ulysses_degree: 2}",
                "f:1: stages.diffusion.ulysses_degree is 2 with tensor_parallel_size 2; one of the two at a time"
            ),
            (
                "diffusion: {tensor_parallel_size: 4}",
                "f: stages.diffusion.tensor_parallel_size is 4; of 3 accelerators no 4 are linked with one another"
            ),
        ])
    func refused(stages: String, message: String) {
        let error = #expect(throws: PlacementError.self) { try plan(stages, .npus(3)) }
        #expect(error?.message == message)
    }

    @Test("one card of either is no division; heads that can't be divided, and the host, are refused")
    func models() throws {
        let stage = try diffusion("ulysses_degree: 1, tensor_parallel_size: 1", cards: 1)
        #expect(stage.ranks == nil && stage.division == nil)
        #expect(try diffusion("ulysses_degree: 1, tensor_parallel_size: 2", cards: 2).division == .tensorParallel)
        let heads = #expect(throws: PlacementError.self) { try plan("diffusion: {tensor_parallel_size: 4}", .npus(4), models: [tiny]) }
        #expect(
            heads?.message == "f: stages.diffusion.tensor_parallel_size is 4, by which the transformer of tiny-f32 can't divide its 2 heads")
        let host = #expect(throws: PlacementError.self) { try plan("diffusion: {tensor_parallel_size: 2}", .hostOnly, models: [tiny]) }
        #expect(host?.message == "f: stages.diffusion.tensor_parallel_size is 2; only accelerators compute together, not cpu")
    }
}

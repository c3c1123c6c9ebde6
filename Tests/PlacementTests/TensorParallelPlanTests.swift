import Domain
import Foundation
import ModelConfiguration
import Placement
import Testing

/// Text stages that divide each pass among several cards.
struct TensorParallelPlanTests {
    private func plan(_ stages: String, _ inventory: Inventory, models: [URL] = [RealSize.folder]) throws -> Plan {
        try Planner(Topology(yaml: "stages: {\(stages)}", file: "f"), inventory: inventory, models: models).plan()
    }

    private func text(_ plan: Plan) throws -> StageSpec { try #require(plan.stages.first { $0.kind == .text }) }

    private func bytes(_ stage: StageSpec, _ item: MemoryItem.Item) -> [Int?] {
        stage.devices.indices.map { device in stage.items(device).first { $0.item == item }?.bytes }
    }

    /// On listed cards.
    private func text(_ ranks: Int) throws -> StageSpec {
        let list = (0..<ranks).map { "npu:\($0)" }.joined(separator: ", ")
        return try text(plan("text: {tensor_parallel_size: \(ranks), devices: [[\(list)]]}, diffusion: {devices: [npu:4]}", .npus(5)))
    }

    @Test("a stage on listed cards gets its size, and each card HCCL's buffers")
    func listed() throws {
        let stage = try text(2)
        #expect(stage.ranks == 2 && Array(stage.arguments.suffix(2)) == ["--tensor-parallel-size", "2"])
        #expect(stage.environment["ASCEND_RT_VISIBLE_DEVICES"] == "0,1")
        #expect(stage.environment["HCCL_BUFFSIZE"] == "64" && stage.environment["HCCL_EXEC_TIMEOUT"] == "120")
        #expect(bytes(stage, .exchange) == [128 << 20, 128 << 20])
        #expect(try text(1).arguments.contains("--tensor-parallel-size") == false && bytes(text(1), .exchange) == [nil])
    }

    @Test("weights are divided but for the embedding, the norms and the head, which the first card has; heads of keys are on several cards")
    func counts() throws {
        let weights = try [1, 2, 4].map { try bytes(text($0), .weights).map { $0 ?? 0 } }
        #expect(weights[0] == [2 * RealSize.text])
        for (index, ranks) in [(1, 2), (2, 4)] {
            let saved = RealSize.divided / ranks * (ranks - 1) + RealSize.keyValues / 2
            #expect(weights[index][0] == 2 * (RealSize.text - saved))
            #expect(weights[index].dropFirst().allSatisfy { $0 == weights[index][0] - 2 * RealSize.head })
        }
        let cache = try [1, 2, 4].map { try bytes(text($0), .keysAndValues).map { $0 ?? 0 } }
        #expect(cache[1].allSatisfy { 2 * $0 == cache[0][0] } && cache[2].allSatisfy { $0 == cache[1][0] })
    }

    @Test("activations of a rank are its part of them, two bytes each, and sums over ranks in f32")
    func activations() throws {
        let row = 2 * (2 * 4096 + 2 * (16 + 1) * 128 + 3 * 6848) + 4 * 2 * 32 + 4 * 4096
        // Of the longest prompt, 12288 tokens, the buffer of one layer's keys and values is at most twice 8192 rows beside as many.
        let collected = (8192 + 16_384) * 2 * 128 * 2
        // 16 sequences of 261 pages, whose tables grow by four.
        let inputs = 4 * (3 * 16 + 16 * 16 * 261), wholePages = 16 * 264 * 64 * (2 * 16 + 8) + 64 * 20 * 1024
        let expected = 256 * row + inputs + 16 * (16_512 * 4 + 8) + collected + wholePages
        #expect(try bytes(text(2), .activations) == [expected, expected])
    }

    @Test("without listed cards stages take neighbours of one half of an A2 server, and a report says what each card has")
    func automatic() throws {
        let plan = try plan("text: {tensor_parallel_size: 2, replicas: 1}, diffusion: {replicas: 1}", .npus(4))
        let devices = try text(plan).devices
        #expect(devices == [.npu(0), .npu(1)] || devices == [.npu(2), .npu(3)])
        #expect(plan.report.contains("a part of each of its passes"), "\(plan.report)")
    }

    @Test(
        "what can't be divided is refused with names and numbers",
        arguments: [
            ("text: {tensor_parallel_size: 8}", "f:1: stages.text.tensor_parallel_size is \"8\", should be 1, 2 or 4"),
            (
                "text: {tensor_parallel_size: 2, devices: [npu:0]}",
                "f:1: stages.text.devices groups 1 devices; a text stage computes on 2 with tensor_parallel_size 2"
            ),
            (
                "text: {ulysses_degree: 2}",
                "f:1: stages.text has no key \"ulysses_degree\"; its keys are model, replicas, devices, precision, threads, deterministic, batch, speculative_tokens, tensor_parallel_size, hccl_timeout"
            ),
            ("text: {tensor_parallel_size: 4}", "f: stages.text.tensor_parallel_size is 4; of 3 accelerators no 4 are linked with one another"),
        ])
    func refused(stages: String, message: String) {
        let error = #expect(throws: PlacementError.self) { try plan(stages, .npus(3)) }
        #expect(error?.message == message)
    }

    @Test("heads that can't be divided, and the host, are refused")
    func models() {
        let mixed = tiny.deletingLastPathComponent().appending(path: "tiny-mixed")
        let heads = #expect(throws: PlacementError.self) { try plan("text: {tensor_parallel_size: 4}", .npus(4), models: [mixed]) }
        #expect(
            heads?.message == "f: stages.text.tensor_parallel_size is 4, by which the decoder of tiny-mixed can't divide its 6 heads")
        let host = #expect(throws: PlacementError.self) { try plan("text: {tensor_parallel_size: 2}", .hostOnly, models: [tiny]) }
        #expect(host?.message == "f: stages.text.tensor_parallel_size is 2; only accelerators compute together, not cpu")
    }
}

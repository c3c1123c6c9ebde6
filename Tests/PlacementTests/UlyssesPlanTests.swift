import Domain
import Foundation
import ModelConfiguration
import Placement
import Testing

/// Diffusion stages that divide each pass among several cards.
struct UlyssesPlanTests {
    private func plan(_ stages: String, _ inventory: Inventory, models: [URL] = [RealSize.folder]) throws -> Plan {
        try Planner(Topology(yaml: "stages: {\(stages)}", file: "f"), inventory: inventory, models: models).plan()
    }

    private func groups(_ plan: Plan) -> [[DeviceID]] { plan.stages.filter { $0.kind == .diffusion }.map(\.devices) }

    @Test("a stage on listed cards gets its degree, and each card what it takes: weights, its part of the rows, HCCL's buffers")
    func listed() throws {
        let plan = try plan("text: {devices: [npu:4]}, diffusion: {ulysses_degree: 2, devices: [[npu:0, npu:1, npu:2, npu:3]]}", .npus(5))
        let stage = try #require(plan.stages.first { $0.kind == .diffusion })
        #expect(stage.ranks == 2 && Array(stage.arguments.suffix(2)) == ["--ulysses-degree", "2"])
        #expect(stage.environment["ASCEND_RT_VISIBLE_DEVICES"] == "0,1,2,3")
        #expect(stage.environment["HCCL_BUFFSIZE"] == "64" && stage.environment["HCCL_EXEC_TIMEOUT"] == "120")
        for device in 0..<4 {
            #expect(stage.items(device).first { $0.item == .exchange }?.bytes == 128 << 20)
            #expect(stage.items(device).first { $0.item == .weights }.map { $0.bytes >= 2 * 6_926_882_880 } == true)
        }
        #expect(stage.hcclTimeout == nil && !stage.arguments.contains("--hccl-timeout"))
        // Source images are of the conditional branch alone, and divided by heads.
        let sources = (0..<4).map { device in stage.items(device).first { $0.item == .sourceCache }?.bytes }
        #expect(sources == [3840 << 20, 3840 << 20, nil, nil])
        let report = plan.report
        #expect(report.contains("a part of each of its passes") && report.contains("a part of the unconditional branch of its guidance"), "\(report)")
    }

    @Test("the time that cards wait for one another goes to the stage and to HCCL")
    func timeout() throws {
        let plan = try plan("diffusion: {ulysses_degree: 2, hccl_timeout: 45}", .npus(4))
        let stage = try #require(plan.stages.first { $0.kind == .diffusion })
        #expect(Array(stage.arguments.suffix(4)) == ["--ulysses-degree", "2", "--hccl-timeout", "45"])
        #expect(stage.environment["HCCL_EXEC_TIMEOUT"] == "45" && stage.environment["HCCL_CONNECT_TIMEOUT"] == "120" && stage.isSound)
        var endless = stage
        endless.hcclTimeout = 601
        #expect(!endless.isSound)
    }

    @Test("each card of a larger group takes less")
    func smaller() throws {
        func taken(_ degree: Int) throws -> [Int] {
            let list = (0..<degree).map { "npu:\($0)" }.joined(separator: ", ")
            let plan = try plan("diffusion: {ulysses_degree: \(degree), devices: [[\(list)]]}", .npus(9))
            let stage = try #require(plan.stages.first { $0.kind == .diffusion })
            return stage.devices.indices.map { stage.items($0).reduce(0) { $0 + $1.bytes } }
        }
        let (two, four, eight) = (try taken(2), try taken(4), try taken(8))
        #expect(two[1] > four[1] && four[1] > eight[1])
        #expect(four.dropFirst().allSatisfy { $0 == four[1] } && four[0] > four[1], "the first also encodes glyphs and decodes latents")
    }

    @Test("without listed cards stages take neighbours of one half of an A2 server, as many groups as are free")
    func automatic() throws {
        let plan = try plan("text: {devices: [npu:0]}, vision: {devices: [npu:0]}, diffusion: {ulysses_degree: 4}", .npus(16))
        func neighbours(_ first: Int) -> [DeviceID] { (first..<first + 4).map(DeviceID.npu) }
        // The first four also have the other stages, and may hold no more.
        #expect(Set(groups(plan)).union([neighbours(0)]) == [neighbours(0), neighbours(4), neighbours(8), neighbours(12)])
        // With a card missing, no group spans the halves.
        let missing = Inventory(cards: Inventory.npus(16).cards.filter { $0.device != .npu(2) })
        let groups = groups(try self.plan("diffusion: {ulysses_degree: 8, replicas: 1}", missing))
        #expect(groups == [(8..<16).map { .npu($0) }])
    }

    @Test("the two dies of an A3's package stay together")
    func packages() throws {
        func die(_ number: Int) -> Card {
            var card = Card.npu(number, chip: "Ascend910")
            card.location = Card.Location(card: number / 2, chip: number % 2, physical: number)
            return card
        }
        // The second die of the first package is gone.
        let inventory = Inventory(cards: [0, 2, 3, 4, 5].map(die) + [.host])
        let plan = try plan("diffusion: {ulysses_degree: 2, replicas: 2}", inventory)
        #expect(Set(groups(plan)) == [[.npu(2), .npu(3)], [.npu(4), .npu(5)]])
    }

    @Test(
        "what can't be divided is refused with names and numbers",
        arguments: [
            ("diffusion: {ulysses_degree: 3}", "f:1: stages.diffusion.ulysses_degree is \"3\", should be 1, 2, 4 or 8"),
            (
                "diffusion: {ulysses_degree: 2, devices: [[npu:0, npu:1, npu:2]]}",
                "f:1: stages.diffusion.devices groups 3 devices; a diffusion stage computes on 2 or 4 with ulysses_degree 2"
            ),
            (
                "diffusion: {devices: [npu:0], ulysses_degree: 2}",
                "f:1: stages.diffusion.devices groups 1 devices; a diffusion stage computes on 2 or 4 with ulysses_degree 2"
            ),
            (
                "diffusion: {ulysses_degree: 2, hccl_timeout: 9}",
                "f:1: stages.diffusion.hccl_timeout is \"9\", should be a whole number from 10 to 600"
            ),
            (
                "diffusion: {hccl_timeout: 60}",
                "f:1: stages.diffusion.hccl_timeout is 60, but without ulysses_degree or tensor_parallel_size no device waits for another"
            ),
            ("text: {hccl_timeout: 60}", "f:1: stages.text.hccl_timeout is 60, but without tensor_parallel_size no device waits for another"),
            (
                "vision: {hccl_timeout: 60}",
                "f:1: stages.vision has no key \"hccl_timeout\"; its keys are model, replicas, devices, precision, threads, deterministic"
            ),
            ("diffusion: {ulysses_degree: 8}", "f: stages.diffusion.ulysses_degree is 8; of 4 accelerators no 8 are linked with one another"),
        ])
    func refused(stages: String, message: String) {
        let error = #expect(throws: PlacementError.self) { try plan(stages, .npus(4)) }
        #expect(error?.message == message)
    }

    @Test("heads that can't be divided, and the host, are refused")
    func models() {
        let heads = #expect(throws: PlacementError.self) { try plan("diffusion: {ulysses_degree: 4}", .npus(4), models: [tiny]) }
        #expect(
            heads?.message == "f: stages.diffusion.ulysses_degree is 4, by which the transformer of tiny-f32 can't divide its 2 heads")
        let host = #expect(throws: PlacementError.self) { try plan("diffusion: {ulysses_degree: 2}", .hostOnly, models: [tiny]) }
        #expect(host?.message == "f: stages.diffusion.ulysses_degree is 2; only accelerators compute together, not cpu")
    }
}

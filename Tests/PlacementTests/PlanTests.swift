import Foundation
import Placement
import Domain
import Testing

struct PlanTests {
    @Test(
        "a topology file of each machine makes a plan that fits",
        arguments: [
            ("cpu", 1, 1), ("one-card", 1, 1), ("two-cards", 1, 1), ("eight-cards", 1, 7), ("sixteen-dies", 1, 15), ("32gb-cards", 1, 7),
        ])
    func examples(_ name: String, _ text: Int, _ diffusion: Int) throws {
        let plan = try plan(Topology(contentsOf: topologies.appending(path: "\(name).yaml")), .hostOnly)
        #expect(plan.isFeasible, "\(plan.report)")
        #expect(count(plan, .vision) == 1)
        #expect(count(plan, .text) == text)
        #expect(count(plan, .diffusion) == diffusion)
    }

    @Test("eight cards of 64 GB: one text stage feeds seven diffusion stages, and the vision stage stands beside it")
    func eight() throws {
        let plan = try plan(Topology(), .npus(8))
        #expect(plan.isFeasible)
        #expect(plan.stages.map(\.name) == ["vision-0", "text-0"] + (0..<7).map { "diffusion-\($0)" })
        // A text stage of a batch of 16 makes a picture's codes in a tenth of what a diffusion stage draws it in, so that a
        // second one would only take a card from the kind that bounds the fleet.
        let seconds = Dictionary(plan.forecasts.map { ($0.role, $0.seconds) }, uniquingKeysWith: { first, _ in first })
        #expect(seconds[.text]! * 10 < seconds[.diffusion]!)
        #expect(plan.bottleneck?.role == .diffusion)
        #expect(card(plan, "vision-0") == card(plan, "text-0"))
        #expect(Set(plan.stages.filter { $0.role == .diffusion }.map(\.card)).count == 7)
        #expect(!plan.stages.contains { $0.role == .diffusion && $0.card == card(plan, "text-0") })
        #expect(plan.notes.contains { $0.hasPrefix("with 2 text and 6 diffusion") })
    }

    @Test("one card of 64 GB takes all stages for pictures of 2048 × 2048 with tiles, and does not without")
    func tiles() throws {
        func fleet(_ tiling: Bool) throws -> Plan {
            try plan(Topology(yaml: "stages: {text: {batch: 4}, diffusion: {vae_tiling: \(tiling)}}", file: "f"), .npus(1))
        }
        let tiled = try fleet(true)
        #expect(tiled.isFeasible, "\(tiled.report)")
        #expect(tiled.stages.first { $0.role == .diffusion }?.arguments.last == "--vae-tiling")
        #expect(try !fleet(false).isFeasible)
    }

    @Test("a stage sees its own card only, as npu:0")
    func visibleDevice() throws {
        let stage = try #require(try plan(Topology(), .npus(4)).stages.first { $0.card == "npu:3" })
        #expect(stage.environment == ["ASCEND_RT_VISIBLE_DEVICES": "3"])
        #expect(stage.device == "npu:0")
        #expect(stage.precision == .bf16)
    }

    @Test("a stage is started with what was planned for it")
    func arguments() throws {
        let accelerated = try plan(Topology(), .npus(2)).stages
        // One source of 16384 tokens of 480 KiB.
        #expect(
            accelerated.first { $0.role == .diffusion }?.arguments == ["--device", "npu:0", "--precision", "bf16", "--condition-cache", "7680MiB"])
        // 16 sequences of 16641 tokens of 40 KiB.
        #expect(
            accelerated.first { $0.role == .text }?.arguments == [
                "--device", "npu:0", "--precision", "bf16", "--batch", "16", "--kv-cache", "10401MiB",
            ])
        let topology = try Topology(yaml: "stages: {vision: {threads: 3}}", file: "f")
        let host = try Planner(topology, inventory: .hostOnly, model: tiny).plan().stages
        #expect(host.first?.arguments == ["--device", "cpu", "--precision", "f32", "--threads", "3"])
    }

    @Test("a diffusion stage with a card for guidance sees both cards, takes memory of both, and is predicted twice as fast")
    func guidance() throws {
        let topology = try Topology(yaml: "stages: {text: {cards: [npu:0]}, diffusion: {cards: [npu:3], guidance_cards: [npu:2]}}", file: "f")
        let plan = try plan(topology, .npus(4))
        let stage = try #require(plan.stages.first { $0.role == .diffusion })
        #expect(stage.environment == ["ASCEND_RT_VISIBLE_DEVICES": "2,3"])
        #expect(stage.device == "npu:1" && stage.arguments.suffix(2) == ["--guidance-device", "npu:0"])
        let guest = try #require(plan.cards.first { $0.card.name == "npu:2" })
        #expect(guest.stages.isEmpty && guest.guests.map(\.stage) == ["diffusion-0"])
        // The transformer's 6,926,882,880 parameters in bf16 are most of it.
        #expect(guest.taken > 2 * 6_926_882_880 && guest.left == guest.card.available - guest.taken)
        #expect(plan.report.contains("a side of its guidance"))
        let alone = try self.plan(try Topology(yaml: "stages: {text: {cards: [npu:0]}, diffusion: {cards: [npu:3]}}", file: "f"), .npus(4))
        #expect(plan.forecasts.first { $0.role == .diffusion }?.seconds == (alone.forecasts.first { $0.role == .diffusion }?.seconds ?? 0) / 2)
    }

    @Test("one more stage finds less room on a card that computes a side of guidance")
    func guidanceRoom() throws {
        let yaml = "stages: {text: {cards: [npu:0]}, diffusion: {cards: [npu:1], guidance_cards: [npu:2]}, vision: {replicas: 1}}"
        let plan = try plan(try Topology(yaml: yaml, file: "f"), .npus(3, memory: 32 * gibibyte))
        let left = try #require(plan.cards.first { $0.card.name == "npu:2" }).left
        guard case .shortages(let shortages) = try plan.room(for: .vision, free: ["npu:0": 0, "npu:1": 0, "npu:2": 0]) else {
            Issue.record("there is room")
            return
        }
        #expect(shortages.map(\.card) == ["npu:0", "npu:1", "npu:2"])
        #expect(left < plan.cards.first { $0.card.name == "npu:2" }!.card.available - 2 * 6_926_882_880)
    }

    @Test("explicit cards win over what would be better")
    func explicit() throws {
        let topology = try Topology(yaml: "stages: {text: {cards: [npu:2, npu:0]}, diffusion: {cards: [npu:3], replicas: 1}}", file: "f")
        let plan = try plan(topology, .npus(4))
        #expect(card(plan, "text-0") == "npu:2")
        #expect(card(plan, "text-1") == "npu:0")
        #expect(plan.stages.filter { $0.role == .diffusion }.map(\.card) == ["npu:3"])
    }

    @Test("replicas take cards of their own while there are any")
    func apart() throws {
        let plan = try plan(Topology(yaml: "stages: {vision: {replicas: 2}, text: {replicas: 1}, diffusion: {replicas: 1}}", file: "f"), .npus(2))
        #expect(plan.isFeasible)
        #expect(Set(plan.stages.filter { $0.role == .vision }.map(\.card)).count == 2)
    }

    @Test("stages that overfill a card are named with what is lacking")
    func overfilled() throws {
        let topology = try Topology(yaml: "stages: {text: {cards: [npu:0]}, diffusion: {cards: [npu:0]}, vision: {cards: [npu:1]}}", file: "f")
        let plan = try plan(topology, .npus(2))
        #expect(!plan.isFeasible)
        let shortage = try #require(plan.shortages.first)
        #expect(plan.shortages.count == 1)
        #expect(shortage.card == "npu:0")
        #expect(shortage.stages == ["text-0", "diffusion-0"])
        #expect(shortage.available == 60 * gibibyte)
        #expect(shortage.needed == plan.stages.filter { $0.card == "npu:0" }.reduce(0) { $0 + $1.bytes })
        #expect(shortage.lacking == shortage.needed - 60 * gibibyte && shortage.lacking > 0)
        #expect(
            plan.report.contains("npu:0: text-0, diffusion-0 together need 77.5 GiB, 60.0 GiB are available; 17.5 GiB are lacking"), "\(plan.report)")
    }

    @Test("a batch that a card can't draw bit for bit as alone is refused with both numbers")
    func batch() throws {
        let topology = try Topology(yaml: "stages: {text: {batch: 17}}", file: "f")
        let message = failure(.invalidTopology) { _ = try plan(topology, .npus(2)) }
        #expect(message == "f: stages.text.batch is 17; npu:0 draws at most 16 together")
    }

    @Test("one small card holds nothing of the real model, and the plan says by how much")
    func tooSmall() throws {
        let plan = try plan(Topology(), .npus(1, chip: "910B4", memory: 32 * gibibyte))
        #expect(!plan.isFeasible)
        #expect(plan.shortages[0].stages.count == 3)
    }

    @Test("a topology naming a card that isn't there lists those that are")
    func missingCard() {
        let stage = failure(.missingCard) { _ = try plan(Topology(yaml: "stages: {text: {cards: [npu:9]}}", file: "f.yaml"), .npus(2)) }
        #expect(stage == "f.yaml: stages.text names npu:9, which is not there; there are npu:0, npu:1, cpu")
        let card = failure(.missingCard) { _ = try plan(Topology(yaml: "cards: [npu:9]", file: "f.yaml"), .npus(2)) }
        #expect(card == "f.yaml: cards names npu:9, which is not there; there are npu:0, npu:1, cpu")
        let chip = failure(.missingCard) {
            _ = try plan(Topology(yaml: "cards: [{name: npu:1, chip: 910B4, memory: 32GiB}]", file: "f.yaml"), .npus(2))
        }
        #expect(chip == "f.yaml: cards declares npu:1 as 910B4; it is 910B3")
    }

    @Test("a 310P is refused by name where it is asked for, and left aside where it isn't")
    func unsupported() throws {
        let inventory = Inventory(cards: [.npu(0, chip: "310P3", memory: 44 * gibibyte), .npu(1), .npu(2, health: .critical), .host])
        let asked = failure(.unsupportedCard) { _ = try plan(Topology(yaml: "cards: [npu:0]", file: "f.yaml"), inventory) }
        #expect(asked == "f.yaml: cards names npu:0, which can't be used: 310P3 has no bf16, which GLM-Image's weights are in")
        let made = try Planner(Topology(), inventory: inventory, model: tiny).plan()
        #expect(made.cards.map(\.card.name) == ["npu:1"])
        #expect(made.notes.contains("npu:0 is not used: 310P3 has no bf16, which GLM-Image's weights are in"))
        #expect(made.notes.contains("npu:2 is not used: its health is critical"))
    }

    @Test("cards restrict what is used")
    func restricted() throws {
        let plan = try plan(Topology(yaml: "cards: [npu:1, npu:2]", file: "f"), .npus(4))
        #expect(Set(plan.stages.map(\.card)) == ["npu:1", "npu:2"])
    }

    @Test("the host runs one of each; a file's pages are counted once for stages that map it")
    func host() throws {
        let one = try Planner(Topology(), inventory: .hostOnly, model: tiny).plan()
        #expect(one.stages.map(\.name) == ["vision-0", "text-0", "diffusion-0"])
        #expect(one.stages.allSatisfy { $0.card == "cpu" && $0.environment.isEmpty && $0.precision == .f32 })
        let two = try Planner(Topology(yaml: "stages: {text: {replicas: 2, threads: 3}}", file: "f"), inventory: .hostOnly, model: tiny).plan()
        let text = two.stages.filter { $0.role == .text }
        #expect(text.map(\.threads) == [3, 3])
        let weights = try #require(text[0].needs.first { $0.item == .weights })
        #expect(weights.isShared)
        #expect(two.cards[0].taken - one.cards[0].taken == text[0].bytes - weights.bytes)
    }

    @Test("a wrong model's folder is refused with its path; f32 on an accelerator too")
    func refusals() {
        let model = failure(.invalidModel) { _ = try Planner(Topology(yaml: "model: /nowhere", file: "f"), inventory: .hostOnly) }
        #expect(model.hasPrefix("the model /nowhere: /nowhere/model_index.json is missing"), "\(model)")
        failure(.invalidModel) { _ = try Planner(Topology(), inventory: .hostOnly) }
        let precision = failure(.invalidTopology) { _ = try plan(Topology(yaml: "stages: {text: {precision: f32}}", file: "f"), .npus(1)) }
        #expect(precision.contains("computes in bf16"))
    }

    @Test("the plan as JSON says whether it fits, and every need")
    func json() throws {
        let plan = try Planner(Topology(), inventory: .npus(2), model: tiny).plan()
        let values = try #require(JSONSerialization.jsonObject(with: Data(plan.json().utf8)) as? [String: Any])
        #expect(values["feasible"] as? Bool == true)
        let cards = try #require(values["cards"] as? [[String: Any]])
        let stages = try #require(cards[0]["stages"] as? [[String: Any]])
        #expect((stages[0]["needs"] as? [Any])?.isEmpty == false)
        #expect(cards[0]["left"] as? Int == plan.cards[0].left)
    }

    // MARK: Support

    private func plan(_ topology: Topology, _ inventory: Inventory) throws -> Plan {
        var topology = topology
        if topology.file?.hasSuffix("cpu.yaml") == true { topology.model = tiny.path }
        return try Planner(topology, inventory: inventory, model: RealSize.folder).plan()
    }

    private func count(_ plan: Plan, _ role: StageKind) -> Int { plan.stages.count { $0.role == role } }
    private func card(_ plan: Plan, _ name: String) -> String? { plan.stages.first { $0.name == name }?.card }
}

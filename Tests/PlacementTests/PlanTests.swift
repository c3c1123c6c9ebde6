import ModelConfiguration
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
        let seconds = Dictionary(plan.forecasts.map { ($0.kind, $0.seconds) }, uniquingKeysWith: { first, _ in first })
        #expect(seconds[.text]! * 10 < seconds[.diffusion]!)
        #expect(plan.bottleneck(of: plan.models[0].name)?.kind == .diffusion)
        #expect(card(plan, "vision-0") == card(plan, "text-0"))
        #expect(Set(plan.stages.filter { $0.kind == .diffusion }.map(\.device)).count == 7)
        #expect(!plan.stages.contains { $0.kind == .diffusion && $0.device == card(plan, "text-0") })
    }

    @Test("the largest image that a topology plans for decides how long requests in flight get when the gateway ends")
    func drain() throws {
        let large = try plan(Topology(), .npus(8))
        let small = try plan(Topology(yaml: "limits: {pixels: 1048576}", file: "f"), .npus(8))
        // By prediction diffusion draws 1024 × 1024 in 39.9 s; text takes 16 of the time that is one image's share of a full batch.
        let seconds = Dictionary(small.forecasts.map { ($0.kind, $0.seconds) }, uniquingKeysWith: { first, _ in first })
        let longest = seconds[.diffusion]! + 16 * seconds[.text]! + seconds[.vision]!
        #expect(small.drainDeadline == DrainDeadline.forWork(of: longest))
        // Attention grows with the square of the area.
        #expect(large.drainDeadline > small.drainDeadline * 4 && large.drainDeadline < small.drainDeadline * 8)
        #expect(large.report.contains("requests in flight get up to \(large.drainDeadline.components.seconds) s when the gateway ends"))
        #expect(try Planner(Topology(), inventory: .hostOnly, models: [tiny]).plan().drainDeadline >= DrainDeadline.least)
    }

    @Test("one card of 64 GB takes all stages for pictures of 2048 × 2048 with tiles, and does not without")
    func tiles() throws {
        func fleet(_ tiling: Bool) throws -> Plan {
            try plan(Topology(yaml: "stages: {text: {batch: 4}, diffusion: {vae_tiling: \(tiling)}}", file: "f"), .npus(1))
        }
        let tiled = try fleet(true)
        #expect(tiled.isFeasible, "\(tiled.report)")
        #expect(tiled.stages.first { $0.kind == .diffusion }?.arguments.last == "--vae-tiling")
        #expect(try !fleet(false).isFeasible)
    }

    @Test(
        "large pictures go through the VAE in tiles on cards and whole on the CPU, unless the topology says; the stage is started with what was planned"
    )
    func tilesByDefault() throws {
        func stage(_ settings: String, _ inventory: Inventory) throws -> StageSpec {
            let topology = try Topology(yaml: "stages: {diffusion: {\(settings)}}", file: "f")
            return try #require(try Planner(topology, inventory: inventory, models: [tiny]).plan().stages.first { $0.kind == .diffusion })
        }
        for (settings, inventory, tiled) in [
            ("", Inventory.npus(1), true), ("vae_tiling: false", .npus(1), false), ("", .hostOnly, false), ("vae_tiling: true", .hostOnly, true),
        ] {
            let stage = try stage(settings, inventory)
            #expect(stage.vaeTiling == tiled, "\(settings) \(stage.device)")
            #expect(stage.arguments.filter { $0.hasSuffix("vae-tiling") } == [tiled ? "--vae-tiling" : "--no-vae-tiling"])
        }
    }

    @Test("a level of determinism goes to the stages on cards; of one on the CPU it is refused, for there it says nothing")
    func determinism() throws {
        let topology = try Topology(yaml: "stages: {text: {deterministic: 2}}", file: "f")
        let stages = try plan(topology, .npus(2)).stages
        #expect(stages.first { $0.kind == .text }?.arguments.contains(["--deterministic", "2"]) == true)
        #expect(stages.filter { $0.kind != .text }.allSatisfy { !$0.arguments.contains("--deterministic") })
        let refusal = failure(.invalidTopology) { _ = try Planner(topology, inventory: .hostOnly, models: [tiny]).plan() }
        #expect(refusal == "f: stages.text.deterministic is 2; on the CPU a row has the same bits always, alone and in a batch")
    }

    @Test("what diffusion stages allow of step caching is on their command lines and counted on each of their cards; 0 is none")
    func stepCache() throws {
        func stage(_ settings: String) throws -> StageSpec {
            try #require(
                try plan(Topology(yaml: "stages: {diffusion: {devices: [[npu:0, npu:1]]\(settings)}}", file: "f"), .npus(3)).stages.first {
                    $0.kind == .diffusion
                })
        }
        let plain = try stage("")
        #expect(cached(plain) == [nil, nil] && !plain.arguments.contains("--step-cache"))
        #expect(try stage(", step_cache: 0") == plain)
        let allowing = try stage(", step_cache: 0.24")
        #expect(Array(allowing.arguments.suffix(2)) == ["--step-cache", "0.24"])
        // 128 × 128 patches: three terms of text and image and two residuals of the image, f32, of 4096; and two means. Once a card what is compared.
        let image = 128 * 128, hidden = 4096, compared = 4 * image * hidden
        func bytes(_ text: Int) -> Int { 4 * ((3 * (text + image) + 2 * image) * hidden + 2) }
        #expect(cached(allowing) == [bytes(GlyphConfiguration.maximumLength) + bytes(1) + compared, bytes(1) + compared])
    }

    @Test("step caching is refused of a model whose transformer has no blocks to skip")
    func tooShallow() {
        let refusal = #expect(throws: PlacementError.self) {
            try Planner(Topology(yaml: "stages: {diffusion: {step_cache: 0.2}}", file: "f"), inventory: .hostOnly, models: [tiny]).plan()
        }
        #expect(refusal?.message == "f: stages.diffusion.step_cache: the transformer of tiny-f32 has 2 blocks, none of them to skip")
    }

    private func cached(_ stage: StageSpec) -> [Int?] { [0, 1].map { card in stage.items(card).first { $0.item == .stepCache }?.bytes } }

    @Test("a stage sees its own card only, as npu:0")
    func visibleDevice() throws {
        let stage = try #require(try plan(Topology(), .npus(4)).stages.first { $0.device == .npu(3) })
        #expect(stage.environment == ["ASCEND_RT_VISIBLE_DEVICES": "3"])
        #expect(stage.arguments.contains(["--device", "npu:0"]))
        #expect(stage.precision == .bf16)
    }

    @Test("a stage is started with what was planned for it")
    func arguments() throws {
        let accelerated = try plan(Topology(), .npus(2)).stages
        let folder = RealSize.folder.standardizedFileURL.path
        let common = ["--instance", "0", "--model", folder, "--model-name", RealSize.folder.lastPathComponent]
        // One source of 16384 tokens of 480 KiB.
        let diffusion = common + ["--device", "npu:0", "--precision", "bf16", "--condition-cache", "7680MiB", "--vae-tiling"]
        #expect(accelerated.first { $0.kind == .diffusion }?.arguments == diffusion)
        // 16 sequences of 261 pages of 64 tokens of 40 KiB.
        let text = common + ["--device", "npu:0", "--precision", "bf16", "--batch", "16", "--kv-cache", "10440MiB"]
        #expect(accelerated.first { $0.kind == .text }?.arguments == text)
        let topology = try Topology(yaml: "models: {small: \(tiny.path)}\nstages: {vision: {threads: 3}}", file: "f")
        let host = try Planner(topology, inventory: .hostOnly).plan().stages
        let vision = [
            "--instance", "0", "--model", tiny.path, "--model-name", "small", "--device", "cpu", "--precision", "f32", "--threads", "3",
        ]
        #expect(host.first?.arguments == vision)
        let guessing = try Topology(yaml: "models: {small: \(tiny.path)}\nstages: {text: {speculative_tokens: 7}}", file: "f")
        let guesses = try #require(try Planner(guessing, inventory: .hostOnly).plan().stages.first { $0.kind == .text })
        #expect(guesses.arguments.contains(["--batch", "4", "--speculative-tokens", "7"]))
        // A step has eight rows of logits, or 32 by default.
        let usual = try #require(host.first { $0.kind == .text })
        #expect(guesses.items().contains { $0.reason.hasSuffix(" 8 rows of logits") })
        #expect(usual.items().contains { $0.reason.hasSuffix(" 32 rows of logits") })
    }

    @Test(
        "a card's stage guesses where it is told to, and the rows of guesses are counted, at most 16 together",
        arguments: [(7, 8), (31, 16), (nil, 4)])
    func guessesOnCards(tokens: Int?, rows: Int) throws {
        let topology = try Topology(
            yaml: "stages: {text: {batch: 4\(tokens.map { ", speculative_tokens: \($0)" } ?? "")}}", file: "f")
        let stage = try #require(try Planner(topology, inventory: .npus(2), models: [tiny]).plan().stages.first { $0.kind == .text })
        #expect(stage.device != .cpu && stage.arguments.contains("--speculative-tokens") == (tokens != nil))
        #expect(stage.items().contains { $0.reason.hasSuffix(" \(rows) rows of logits") }, "\(stage.items().map(\.reason))")
    }

    @Test("stages on the host get what its processors multiply natively, in flags and in memory; bf16 that they do not multiply is planned as f32")
    func precision() throws {
        func text(_ precision: String, on host: Precision) throws -> StageSpec {
            let topology = try Topology(yaml: "stages: {text: {precision: \(precision), batch: 64}}", file: "f")
            let plan = try Planner(topology, inventory: Inventory(cards: [.host(host)]), models: [tiny]).plan()
            #expect(plan.report.contains("tiny-f32, \(plan.stages[1].precision)\n"), "\(plan.report)")
            return try #require(plan.stages.first { $0.kind == .text })
        }
        let f32 = try text("f32", on: .bf16), bf16 = try text("auto", on: .bf16)
        #expect(f32.precision == .f32 && bf16.precision == .bf16)
        #expect(bf16.arguments.contains(["--precision", "bf16"]))
        func cache(_ stage: StageSpec) -> Int? { stage.items().first { $0.item == .keysAndValues }?.bytes }
        // Both are rounded up to whole MiB.
        #expect([0, 1 << 20].contains(2 * (try #require(cache(bf16))) - (try #require(cache(f32)))))
        #expect(try text("bf16", on: .bf16) == bf16)
        for choice in ["auto", "bf16", "f32"] { #expect(try text(choice, on: .f32) == f32) }
    }

    @Test("a diffusion stage on two cards sees both, takes memory of both, and is predicted twice as fast")
    func deviceGroup() throws {
        let topology = try Topology(yaml: "stages: {text: {devices: [npu:0]}, diffusion: {devices: [[npu:3, npu:2]]}}", file: "f")
        let plan = try plan(topology, .npus(4))
        let stage = try #require(plan.stages.first { $0.kind == .diffusion })
        #expect(stage.devices == [.npu(3), .npu(2)])
        #expect(stage.environment == ["ASCEND_RT_VISIBLE_DEVICES": "2,3"])
        #expect(stage.arguments.contains(["--device", "npu:1,npu:0"]))
        let guest = try #require(plan.cards.first { $0.card.device == .npu(2) })
        #expect(guest.stages.isEmpty && guest.guests.map(\.stage) == ["diffusion-0"])
        // The transformer's 6,926,882,880 parameters in bf16 are most of it.
        #expect(guest.taken > 2 * 6_926_882_880 && guest.left == guest.card.available - guest.taken)
        #expect(plan.report.contains("the unconditional branch of its guidance"))
        let alone = try self.plan(try Topology(yaml: "stages: {text: {devices: [npu:0]}, diffusion: {devices: [npu:3]}}", file: "f"), .npus(4))
        #expect(plan.forecasts.first { $0.kind == .diffusion }?.seconds == (alone.forecasts.first { $0.kind == .diffusion }?.seconds ?? 0) / 2)
    }

    @Test("one more stage finds less room on a card that computes a branch of guidance, and may go to such a group itself")
    func groupRoom() throws {
        let yaml = "stages: {text: {devices: [npu:0]}, diffusion: {replicas: 1, devices: [[npu:1, npu:2], [npu:3, npu:4]]}, vision: {replicas: 1}}"
        let plan = try plan(try Topology(yaml: yaml, file: "f"), .npus(5, memory: 32 * gibibyte))
        let guest = try #require(plan.cards.first { $0.card.device == .npu(2) })
        let none = Dictionary(uniqueKeysWithValues: (0..<5).map { (DeviceID.npu($0), 0) })
        guard case .shortages(let shortages) = try plan.room(for: .vision, free: none) else {
            Issue.record("there is room")
            return
        }
        #expect(shortages.map(\.device) == (0..<5).map { .npu($0) })
        #expect(guest.left < guest.card.available - 2 * 6_926_882_880)
        guard case .shortages(let occupied) = try plan.room(for: .diffusion, free: [.npu(4): gibibyte]) else {
            Issue.record("there is room")
            return
        }
        // The first group is taken; of the second only the device that computes the other branch lacks memory.
        #expect(occupied.last?.device == .npu(4) && occupied.last?.available == gibibyte)
    }

    @Test("two models share the cards: each gets its stages, named in the report, and diffusion fills what is left in turn")
    func models() throws {
        let yaml = """
            models: {small: \(tiny.path), large: \(RealSize.folder.path)}
            stages:
              vision: [{model: small}, {model: large}]
              text: [{model: small, replicas: 1}, {model: large, devices: [npu:0]}]
              diffusion: [{model: small}, {model: large}]
            """
        let plan = try Planner(try Topology(yaml: yaml, file: "f"), inventory: .npus(6)).plan()
        #expect(plan.isFeasible, "\(plan.report)")
        for model in ["small", "large"] {
            for kind in StageKind.allCases { #expect(plan.stages.contains { $0.model == model && $0.kind == kind }, "\(model) \(kind)") }
        }
        #expect(Set(plan.stages.map(\.name)).count == plan.stages.count)
        let text = try #require(plan.stages.first { $0.kind == .text && $0.model == "large" })
        #expect(text.device == .npu(0) && text.folder == RealSize.folder.path)
        let diffusion = Dictionary(grouping: plan.stages.filter { $0.kind == .diffusion }, by: \.model).mapValues(\.count)
        #expect(abs((diffusion["small"] ?? 0) - (diffusion["large"] ?? 0)) <= 1)
        #expect(plan.report.contains("model small: \(tiny.path)") && plan.throughput.map(\.model) == ["small", "large"])
        #expect(plan.throughput.allSatisfy { $0.requestsPerSecond > 0 })
    }

    @Test("one more stage is of the model that is named; with several models one must be")
    func roomOfModel() throws {
        let groups = StageKind.allCases.map { "\($0): [{model: a, replicas: 1}, {model: b, replicas: 1}]" }.joined(separator: ", ")
        let topology = try Topology(yaml: "models: {a: \(tiny.path), b: \(RealSize.folder.path)}\nstages: {\(groups)}", file: "f")
        let plan = try Planner(topology, inventory: .npus(8)).plan()
        guard case .stage(let stage) = try plan.room(for: .text, model: "b") else {
            Issue.record("there is no room")
            return
        }
        #expect(stage.model == "b" && stage.folder == RealSize.folder.path && stage.name == "text-2")
        let none = failure(.invalidModel) { _ = try plan.room(for: .text) }
        #expect(none == "there are several models, name one of a, b")
        let unknown = failure(.invalidModel) { _ = try plan.room(for: .text, model: "c") }
        #expect(unknown == "there is no model \"c\"; there are a, b")
    }

    @Test("explicit devices win over what would be better")
    func explicit() throws {
        let topology = try Topology(yaml: "stages: {text: {devices: [npu:2, npu:0]}, diffusion: {devices: [npu:3], replicas: 1}}", file: "f")
        let plan = try plan(topology, .npus(4))
        #expect(card(plan, "text-0") == .npu(2))
        #expect(card(plan, "text-1") == .npu(0))
        #expect(plan.stages.filter { $0.kind == .diffusion }.map(\.device) == [.npu(3)])
    }

    @Test("replicas take cards of their own while there are any")
    func apart() throws {
        let plan = try plan(Topology(yaml: "stages: {vision: {replicas: 2}, text: {replicas: 1}, diffusion: {replicas: 1}}", file: "f"), .npus(2))
        #expect(plan.isFeasible)
        #expect(Set(plan.stages.filter { $0.kind == .vision }.map(\.device)).count == 2)
    }

    @Test("stages that overfill a card are named with what is lacking")
    func overfilled() throws {
        let topology = try Topology(
            yaml: "stages: {text: {devices: [npu:0]}, diffusion: {devices: [npu:0], vae_tiling: false}, vision: {devices: [npu:1]}}", file: "f")
        let plan = try plan(topology, .npus(2))
        #expect(!plan.isFeasible)
        let shortage = try #require(plan.shortages.first)
        #expect(plan.shortages.count == 1)
        #expect(shortage.device == .npu(0))
        #expect(shortage.stages == ["text-0", "diffusion-0"])
        #expect(shortage.available == 60 * gibibyte)
        #expect(shortage.needed == plan.stages.filter { $0.device == .npu(0) }.reduce(0) { $0 + $1.bytes })
        #expect(shortage.lacking == shortage.needed - 60 * gibibyte && shortage.lacking > 0)
        #expect(
            plan.report.contains("npu:0: text-0, diffusion-0 together need 76.4 GiB, 60.0 GiB are available; 16.4 GiB are lacking"), "\(plan.report)")
    }

    @Test("a batch beyond what a card samples together is refused with both numbers")
    func batch() throws {
        let topology = try Topology(yaml: "stages: {text: {batch: 17}}", file: "f")
        let message = failure(.invalidTopology) { _ = try plan(topology, .npus(2)) }
        #expect(message == "f: stages.text.batch is 17; npu:0 samples at most 16 sequences together")
    }

    @Test("one small card holds nothing of the real model, and the plan says by how much")
    func tooSmall() throws {
        let plan = try plan(Topology(), .npus(1, chip: "910B4", memory: 32 * gibibyte))
        #expect(!plan.isFeasible)
        #expect(plan.shortages[0].stages.count == 3)
    }

    @Test("a topology naming a card that isn't there lists those that are")
    func missingCard() {
        let stage = failure(.missingCard) { _ = try plan(Topology(yaml: "stages: {text: {devices: [npu:9]}}", file: "f.yaml"), .npus(2)) }
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
        let made = try Planner(Topology(), inventory: inventory, models: [tiny]).plan()
        #expect(made.cards.map(\.card.device) == [.npu(1)])
        #expect(made.notes.contains("npu:0 is not used: 310P3 has no bf16, which GLM-Image's weights are in"))
        #expect(made.notes.contains("npu:2 is not used: its health is critical"))
    }

    @Test("cards restrict what is used")
    func restricted() throws {
        let plan = try plan(Topology(yaml: "cards: [npu:1, npu:2]", file: "f"), .npus(4))
        #expect(Set(plan.stages.map(\.device)) == [.npu(1), .npu(2)])
    }

    @Test("the host runs one of each; a file's pages are counted once for stages that map it")
    func host() throws {
        let one = try Planner(Topology(), inventory: .hostOnly, models: [tiny]).plan()
        #expect(one.stages.map(\.name) == ["vision-0", "text-0", "diffusion-0"])
        #expect(one.stages.allSatisfy { $0.device == .cpu && $0.environment.isEmpty && $0.precision == .f32 })
        let two = try Planner(Topology(yaml: "stages: {text: {replicas: 2, threads: 3}}", file: "f"), inventory: .hostOnly, models: [tiny]).plan()
        let text = two.stages.filter { $0.kind == .text }
        #expect(text.map(\.threads) == [3, 3])
        let weights = try #require(text[0].items().first { $0.item == .weights })
        #expect(weights.isShared)
        #expect(two.cards[0].taken - one.cards[0].taken == text[0].bytes - weights.bytes)
    }

    @Test("a wrong model's folder is refused with its path; f32 on an accelerator too")
    func refusals() {
        let model = failure(.invalidModel) { _ = try Planner(Topology(yaml: "model: /nowhere", file: "f"), inventory: .hostOnly) }
        #expect(model.hasPrefix("the model /nowhere: /nowhere has neither model_index.json"), "\(model)")
        failure(.invalidModel) { _ = try Planner(Topology(), inventory: .hostOnly) }
        let precision = failure(.invalidTopology) { _ = try plan(Topology(yaml: "stages: {text: {precision: f32}}", file: "f"), .npus(1)) }
        #expect(precision.contains("computes in bf16"))
    }

    @Test("the plan as JSON says whether it fits, and every item of memory")
    func json() throws {
        let plan = try Planner(Topology(), inventory: .npus(2), models: [tiny]).plan()
        let values = try #require(JSONSerialization.jsonObject(with: Data(plan.json().utf8)) as? [String: Any])
        #expect(values["feasible"] as? Bool == true)
        let cards = try #require(values["cards"] as? [[String: Any]])
        let stages = try #require(cards[0]["stages"] as? [[String: Any]])
        #expect((stages[0]["memory"] as? [[Any]])?.first?.isEmpty == false)
        #expect(cards[0]["left"] as? Int == plan.cards[0].left)
    }

    @Test("the report shows the checkpoint of a group that has its own, and no other's")
    func ownCheckpoint() throws {
        let plan = try plan(Topology(yaml: "stages: {diffusion: {model: \(tiny.path), replicas: 1}}", file: "f"), .npus(2))
        #expect(plan.report.components(separatedBy: " from \(tiny.path)").count == 2, "\(plan.report)")
        #expect(!plan.report.contains(" from \(RealSize.folder.path)"))
    }

    // MARK: Support

    private func plan(_ topology: Topology, _ inventory: Inventory) throws -> Plan {
        var topology = topology
        if topology.file?.hasSuffix("cpu.yaml") == true { topology.models = [Topology.Model(folder: tiny.path)] }
        return try Planner(topology, inventory: inventory, models: [RealSize.folder]).plan()
    }

    private func count(_ plan: Plan, _ kind: StageKind) -> Int { plan.stages.count { $0.kind == kind } }
    private func card(_ plan: Plan, _ name: String) -> DeviceID? { plan.stages.first { $0.name == name }?.device }
}

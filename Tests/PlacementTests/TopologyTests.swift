import Foundation
import Placement
import Domain
import Testing

struct TopologyTests {
    @Test("every key is read")
    func everyKey() throws {
        let topology = try Topology(
            yaml: """
                model: /models/a
                stages:
                  vision: {replicas: 1, cards: [npu:0]}
                  text: {replicas: 2, batch: 8, precision: bf16}
                  diffusion: {replicas: auto, model: /models/b, threads: 2}
                cards:
                  - {name: npu:0, chip: 910B3, memory: 64GiB}
                  - npu:1
                limits: {pixels: 1048576, sources: 2, queue: 64, jobs_kept: 36h}
                remote: [picture-2:7777, "[::1]:80"]
                """, file: "fleet.yaml")
        #expect(topology.model == "/models/a")
        #expect(topology[.vision] == Topology.Stage(replicas: .count(1), cards: ["npu:0"]))
        #expect(topology[.text] == Topology.Stage(replicas: .count(2), batch: 8, precision: .bf16))
        #expect(topology[.diffusion] == Topology.Stage(replicas: .auto, model: "/models/b", threads: 2))
        #expect(topology.cards == [Topology.DeclaredCard(name: "npu:0", chip: "910B3", memory: 64 * gibibyte), Topology.DeclaredCard(name: "npu:1")])
        #expect(topology.limits.pixels == 1_048_576)
        #expect(topology.limits.sources == 2)
        #expect(topology.limits.queue == 64)
        #expect(topology.limits.jobsKept == 36 * 3600)
        #expect(topology.remote == ["picture-2:7777", "[::1]:80"])
    }

    @Test(
        "what isn't understood is refused with file, line and what would be",
        arguments: [
            (
                "stages:\n  text:\n    replica: 2",
                "fleet.yaml:3: stages.text has no key \"replica\"; its keys are replicas, cards, model, precision, threads, batch"
            ),
            ("stage: {}", "fleet.yaml:1: a topology has no key \"stage\"; its keys are model, stages, cards, limits, remote"),
            (
                "stages:\n  vision: {batch: 2}",
                "fleet.yaml:2: stages.vision has no key \"batch\"; its keys are replicas, cards, model, precision, threads"
            ),
            ("stages:\n  text: {replicas: some}", "fleet.yaml:2: stages.text.replicas is \"some\", should be auto or a whole number from 0 to 1024"),
            ("stages:\n\n  text: [1]", "fleet.yaml:3: stages.text should be a mapping of replicas, cards, model, precision, threads, batch"),
            ("stages:\n  text: {precision: f16}", "fleet.yaml:2: stages.text.precision is \"f16\", should be f32 or bf16"),
            ("stages:\n  text: {cards: [gpu:0]}", "fleet.yaml:2: a card is \"gpu:0\", should be cpu or npu: and a number, such as npu:0"),
            (
                "stages:\n  diffusion: {cards: [npu:0, npu:1], guidance_cards: [npu:2]}",
                "fleet.yaml:2: stages.diffusion.guidance_cards names 1 cards and cards 2; each of cards has one"
            ),
            (
                "stages:\n  diffusion: {cards: [npu:0], guidance_cards: [npu:0]}",
                "fleet.yaml:2: stages.diffusion.guidance_cards names npu:0 beside npu:0; it should be another accelerator"
            ),
            ("stages:\n  diffusion: {vae_tiling: sometimes}", "fleet.yaml:2: stages.diffusion.vae_tiling is \"sometimes\", should be true or false"),
            (
                "stages:\n  text: {vae_tiling: true}",
                "fleet.yaml:2: stages.text has no key \"vae_tiling\"; its keys are replicas, cards, model, precision, threads, batch"
            ),
            (
                "cards:\n  - {name: npu:0, chip: 910B3, memory: much}",
                "fleet.yaml:2: memory is \"much\", should be a number with GiB, GB, MiB or MB, such as 64GiB"
            ),
            ("cards:\n  - {name: npu:0, chip: 910B3}", "fleet.yaml:2: npu:0 has a chip but no memory; declare both, or the name alone"),
            ("cards: [npu:0, npu:0]", "fleet.yaml:1: cards names npu:0 twice"),
            ("limits:\n  pixels: 99999999", "fleet.yaml:2: limits.pixels is \"99999999\", should be a whole number from 1024 to 4194304"),
            ("limits: {jobs_kept: soon}", "fleet.yaml:1: limits.jobs_kept is \"soon\", should be a whole number with s, m, h or d, such as 24h"),
            ("remote: [nowhere]", "fleet.yaml:1: remote is \"nowhere\", should be host:port"),
            ("remote: here", "fleet.yaml:1: remote should be a list"),
            ("model:", "fleet.yaml:1: model is empty"),
        ])
    func refused(_ yaml: String, _ message: String) {
        #expect(failure(.invalidTopology) { _ = try Topology(yaml: yaml, file: "fleet.yaml") } == message)
    }

    @Test("a key that stands there twice, and text that isn't YAML, are refused with the line")
    func broken() {
        let twice = failure(.invalidTopology) { _ = try Topology(yaml: "model: a\nstages:\n  text: {}\n  text: {}", file: "fleet.yaml") }
        #expect(twice.hasPrefix("fleet.yaml:") && twice.hasSuffix("text stands there twice"), "\(twice)")
        let broken = failure(.invalidTopology) { _ = try Topology(yaml: "stages:\n  text: {", file: "fleet.yaml") }
        #expect(broken.hasPrefix("fleet.yaml:3: not YAML"), "\(broken)")
    }

    @Test("an empty file asks for nothing")
    func empty() throws {
        let topology = try Topology(yaml: "# nothing\n", file: "a")
        #expect(topology.stages.isEmpty)
    }

    @Test("a model's folder is taken from the file's own folder")
    func relativeModel() throws {
        try withFolder { folder in
            let file = folder.appending(path: "fleet.yaml")
            try Data("model: models/a\nstages: {text: {model: /b}}".utf8).write(to: file)
            let topology = try Topology(contentsOf: file)
            #expect(topology.model == folder.appending(path: "models/a").standardizedFileURL.path)
            #expect(topology[.text].model == "/b")
        }
    }
}

import Foundation
import Placement
import Domain
import TestSupport
import Testing

struct TopologyTests {
    @Test("every key is read")
    func everyKey() throws {
        let topology = try Topology(
            yaml: """
                models:
                  a: /models/a
                  b: /models/b
                stages:
                  vision:
                    - {model: a, replicas: 1, devices: [npu:0]}
                    - {model: b}
                  text:
                    - {model: a, replicas: 2, batch: 8, precision: bf16, deterministic: 2}
                    - {model: b, replicas: auto, threads: 2}
                  diffusion:
                    - {model: a, devices: [[npu:2, npu:3], npu:4]}
                    - {model: b, vae_tiling: true, step_cache: 0.25}
                cards:
                  - {name: npu:0, chip: 910B3, memory: 64GiB}
                  - npu:1
                limits: {pixels: 1048576, sources: 2, context: 4096, queue: 64, jobs_kept: 36h, jobs_queued: 10000, jobs_running: 64, jobs_bytes: 1024GiB}
                remote: [picture-2:7777, "[::1]:80"]
                """, file: "fleet.yaml")
        #expect(topology.models == [Topology.Model(name: "a", folder: "/models/a"), Topology.Model(name: "b", folder: "/models/b")])
        #expect(topology.stages[.vision] == [Topology.Group(model: "a", replicas: .count(1), devices: [[.npu(0)]]), Topology.Group(model: "b")])
        let text = [
            Topology.Group(model: "a", replicas: .count(2), batch: 8, precision: .bf16, determinism: .positionIndependent),
            Topology.Group(model: "b", replicas: .auto, threads: 2),
        ]
        #expect(topology.stages[.text] == text)
        let diffusion = [
            Topology.Group(model: "a", devices: [[.npu(2), .npu(3)], [.npu(4)]]), Topology.Group(model: "b", vaeTiling: true, stepCache: 0.25),
        ]
        #expect(topology.stages[.diffusion] == diffusion)
        #expect(
            topology.cards == [Topology.DeclaredCard(device: .npu(0), chip: "910B3", memory: 64 * gibibyte), Topology.DeclaredCard(device: .npu(1))])
        #expect(topology.limits.pixels == 1_048_576)
        #expect(topology.limits.sources == 2)
        #expect(topology.limits.context == 4096)
        #expect(topology.limits.queue == 64)
        #expect(topology.limits.jobsKept == 36 * 3600)
        #expect(topology.limits.jobsQueued == 10_000 && topology.limits.jobsRunning == 64 && topology.limits.jobsBytes == 1 << 40)
        #expect(topology.remote == ["picture-2:7777", "[::1]:80"])
    }

    @Test("one model may be written as its folder alone, and is named by the folder; its stages need not name it")
    func oneModel() throws {
        let topology = try Topology(yaml: "model: /models/GLM-Image/\nstages: {text: {batch: 2}}", file: "f")
        #expect(topology.models == [Topology.Model(name: "GLM-Image", folder: "/models/GLM-Image/")])
        #expect(topology.stages == [.text: [Topology.Group(model: "GLM-Image", batch: 2)]])
    }

    @Test("a file of version 0.1 means what it meant: cards, guidance_cards and the folder of one kind's model")
    func formerKeys() throws {
        let topology = try Topology(
            yaml: """
                model: /models/a
                stages:
                  vision: {replicas: 1, cards: [npu:0]}
                  text: {model: /models/b}
                  diffusion: {cards: [npu:0, npu:2], guidance_cards: [npu:1, npu:3]}
                """, file: "fleet.yaml")
        #expect(topology.stages[.vision] == [Topology.Group(model: "a", replicas: .count(1), devices: [[.npu(0)]])])
        #expect(topology.stages[.text] == [Topology.Group(model: "a", folder: "/models/b")])
        #expect(topology.stages[.diffusion] == [Topology.Group(model: "a", devices: [[.npu(0), .npu(1)], [.npu(2), .npu(3)]])])
    }

    @Test(
        "what isn't understood is refused with file, line and what would be",
        arguments: [
            (
                "stages:\n  text:\n    replica: 2",
                "fleet.yaml:3: stages.text has no key \"replica\"; its keys are model, replicas, devices, precision, threads, deterministic, batch, speculative_tokens, tensor_parallel_size, hccl_timeout"
            ),
            ("stage: {}", "fleet.yaml:1: a topology has no key \"stage\"; its keys are model, models, stages, cards, limits, remote"),
            (
                "stages:\n  vision: {batch: 2}",
                "fleet.yaml:2: stages.vision has no key \"batch\"; its keys are model, replicas, devices, precision, threads, deterministic"
            ),
            ("stages:\n  text: {replicas: some}", "fleet.yaml:2: stages.text.replicas is \"some\", should be auto or a whole number from 0 to 1024"),
            (
                "stages:\n\n  text: [1]",
                "fleet.yaml:3: stages.text[0] should be a mapping of model, replicas, devices, precision, threads, deterministic, batch, speculative_tokens, tensor_parallel_size, hccl_timeout"
            ),
            ("stages:\n  text: {precision: f16}", "fleet.yaml:2: stages.text.precision is \"f16\", should be auto or f32 or bf16"),
            ("stages:\n  text: {devices: [gpu:0]}", "fleet.yaml:2: stages.text.devices is \"gpu:0\", should be cpu or npu:N, such as npu:0"),
            ("stages:\n  text: []", "fleet.yaml:2: stages.text is an empty list"),
            (
                "stages:\n  text: {devices: [[npu:0, npu:1]]}",
                "fleet.yaml:2: stages.text.devices groups 2 devices; a text stage computes on 1"
            ),
            (
                "stages:\n  diffusion: {devices: [[npu:0, npu:1, npu:2]]}",
                "fleet.yaml:2: stages.diffusion.devices groups 3 devices; a diffusion stage computes on 1 or 2"
            ),
            ("stages:\n  diffusion: {devices: [[npu:0, npu:0]]}", "fleet.yaml:2: stages.diffusion.devices names npu:0 twice"),
            (
                "stages:\n  diffusion: {devices: [[npu:0, npu:2], [npu:1, npu:2]]}",
                "fleet.yaml:2: stages.diffusion.devices, as a further device of a stage, names npu:2 twice"
            ),
            (
                "stages:\n  diffusion: {devices: [[cpu, npu:0]]}",
                "fleet.yaml:2: stages.diffusion.devices groups cpu with accelerators; only accelerators compute together"
            ),
            ("model: a\nmodels: {b: c}", "fleet.yaml:2: model and models exclude each other"),
            ("models: []", "fleet.yaml:1: models should be a mapping of names and folders"),
            ("models:\n  a:", "fleet.yaml:2: models.a is empty"),
            (
                "models: {a: /a}\nstages:\n  text: {model: b}",
                "fleet.yaml:3: stages.text.model is \"b\", which models does not name; there are a"
            ),
            (
                "stages:\n  text: {devices: [npu:0], cards: [npu:0]}",
                "fleet.yaml:2: stages.text has devices beside cards or guidance_cards, which said the same in version 0.1; use devices"
            ),
            (
                "stages:\n  diffusion: {cards: [npu:0, npu:1], guidance_cards: [npu:2]}",
                "fleet.yaml:2: stages.diffusion.guidance_cards names 1 cards and cards 2; each of cards has one"
            ),
            (
                "stages:\n  diffusion: {cards: [npu:0], guidance_cards: [npu:0]}",
                "fleet.yaml:2: stages.diffusion.cards with guidance_cards names npu:0 twice"
            ),
            (
                "stages:\n  text: {guidance_cards: [npu:0]}",
                "fleet.yaml:2: stages.text has no key \"guidance_cards\"; its keys are model, replicas, devices, precision, threads, deterministic, batch, speculative_tokens, tensor_parallel_size, hccl_timeout"
            ),
            ("models: {a: /a, b: /b}\nstages:\n  text: {batch: 2}", "fleet.yaml:3: stages.text names no model; there are a, b"),
            (
                "stages:\n  text: {deterministic: 4}",
                "fleet.yaml:2: stages.text.deterministic is \"4\", should be a whole number from 0 to 3"
            ),
            ("stages:\n  diffusion: {vae_tiling: sometimes}", "fleet.yaml:2: stages.diffusion.vae_tiling is \"sometimes\", should be true or false"),
            ("stages:\n  diffusion: {step_cache: 2}", "fleet.yaml:2: stages.diffusion.step_cache is \"2\", should be a number from 0.0 to 1.0"),
            (
                "stages:\n  text: {vae_tiling: true}",
                "fleet.yaml:2: stages.text has no key \"vae_tiling\"; its keys are model, replicas, devices, precision, threads, deterministic, batch, speculative_tokens, tensor_parallel_size, hccl_timeout"
            ),
            (
                "stages:\n  text: {speculative_tokens: 64}",
                "fleet.yaml:2: stages.text.speculative_tokens is \"64\", should be a whole number from 0 to 63"
            ),
            (
                "cards:\n  - {name: npu:0, chip: 910B3, memory: much}",
                "fleet.yaml:2: memory is \"much\", should be a number with KiB, MiB, GiB, MB or GB, such as 512MiB or 64GiB"
            ),
            ("cards:\n  - {name: npu:0, chip: 910B3}", "fleet.yaml:2: npu:0 has a chip but no memory; declare both, or the name alone"),
            ("cards: [npu:0, npu:0]", "fleet.yaml:1: cards names npu:0 twice"),
            ("limits:\n  pixels: 99999999", "fleet.yaml:2: limits.pixels is \"99999999\", should be a whole number from 1024 to 4194304"),
            ("limits: {context: 10}", "fleet.yaml:1: limits.context is \"10\", should be a whole number from 256 to 1048576"),
            ("limits: {jobs_queued: 0}", "fleet.yaml:1: limits.jobs_queued is \"0\", should be a whole number from 1 to 1000000"),
            ("limits: {jobs_bytes: 1KiB}", "fleet.yaml:1: limits.jobs_bytes is \"1KiB\", should be at least 64MiB"),
            ("limits: {jobs_kept: soon}", "fleet.yaml:1: limits.jobs_kept is \"soon\", should be a whole number with s, m, h or d, such as 24h"),
            ("remote: [nowhere]", "fleet.yaml:1: remote is \"nowhere\", should be host:port, https://host:port or dns:name:port"),
            ("remote: here", "fleet.yaml:1: remote should be a list"),
            ("model:", "fleet.yaml:1: model is empty"),
        ])
    func refused(_ yaml: String, _ message: String) {
        #expect(failure(.invalidTopology) { _ = try Topology(yaml: yaml, file: "fleet.yaml") } == message)
    }

    @Test("a key that stands there twice, and text that isn't YAML, are refused with the line")
    func broken() {
        let twice = failure(.invalidTopology) { _ = try Topology(yaml: "model: a\nstages:\n  text: {}\n  text: {}", file: "fleet.yaml") }
        #expect(twice.hasPrefix("fleet.yaml:") && twice.hasSuffix("text occurs twice"), "\(twice)")
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
            try Data("model: models/a\nstages: {text: {model: models/b}, diffusion: {model: /c}}".utf8).write(to: file)
            let topology = try Topology(contentsOf: file)
            func path(_ relative: String) -> String { folder.appending(path: relative).standardizedFileURL.path }
            #expect(topology.models == [Topology.Model(name: "a", folder: path("models/a"))])
            #expect(
                topology.stages == [
                    .text: [Topology.Group(model: "a", folder: path("models/b"))], .diffusion: [Topology.Group(model: "a", folder: "/c")],
                ])
        }
    }
}

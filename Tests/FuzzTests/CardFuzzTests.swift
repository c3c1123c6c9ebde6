import Domain
import Foundation
import Placement
import Testing

/// One parser after the other: the limits of time and memory are the process's.
@Suite("Fuzz", .serialized) struct FuzzTests {}

extension FuzzTests {
    @Test("npu-smi's text gives cards or an error") func npuSMI() async throws {
        var fuzzer = try Fuzzer(
            "npu-smi", corpus: Fuzzer.files(in: fixtures.appending(path: "npu-smi")),
            words: ["|", "||", "/", " ", "| NPU Name |", "OK", "\r\n", "+---+"])
        try await fuzzer.run { bytes in
            let cards = try NPUSMITable(String(decoding: bytes, as: UTF8.self)).cards
            try check(Inventory(cards: cards))
        }
    }

    @Test("files of /proc give a host or none") func proc() async throws {
        let files = ["meminfo", "cpuinfo"].compactMap { FileManager.default.contents(atPath: "/proc/\($0)").map { Array($0.prefix(4096)) } }
        var fuzzer = try Fuzzer("proc", corpus: files, words: ["MemTotal:", "MemAvailable:", "model name\t:", " kB\n"])
        try await withFolder { folder in
            try await fuzzer.run { bytes in
                for name in ["meminfo", "cpuinfo"] { try Data(bytes).write(to: folder.appending(path: name)) }
                try check(Discovery(environment: ["PATH": folder.path], proc: folder).inventory())
            }
        }
    }

    @Test("a topology's text gives a plan or an error") func topology() async throws {
        let texts = try Fuzzer.files(in: fixtures.deletingLastPathComponent().deletingLastPathComponent().appending(path: "deploy/topologies"))
        var fuzzer = try Fuzzer(
            "topology", corpus: texts,
            words: [
                "model: x\n", "models:", "stages:", "cards: [cpu]\n", "replicas: ", "devices: [npu:0]", "&a ", "*a", "[", "{", "- ", "? ", "!!str ",
                "  ", "\n",
            ])
        let inventories = [Inventory(cards: [host]), Inventory(cards: (0..<8).map(card) + [host])]
        let model = fixtures.appending(path: "tiny-f32", directoryHint: .isDirectory)
        try await fuzzer.run { bytes in
            var topology = try Topology(yaml: String(decoding: bytes, as: UTF8.self), file: "t.yaml")
            for index in topology.models.indices { topology.models[index].folder = model.path }
            let stages = topology.stages.values.joined().reduce(0) { if case .count(let count)? = $1.replicas { $0 + count } else { $0 + 1 } }
            // Many stages take long to place, as they would to start.
            guard stages <= 64 else { return }
            for inventory in inventories {
                let plan = try Planner(topology, inventory: inventory, models: [model]).plan()
                _ = (plan.report, try plan.json(), plan.stages.map(\.arguments))
            }
        }
    }
}

private let host = Card(device: .cpu, chip: "processors", memory: 64 << 30, free: 60 << 30, processors: 16, source: .host)

private func card(_ number: Int) -> Card { Card(device: .npu(number), chip: "910B3", memory: 64 << 30, free: 60 << 30, source: .dcmi) }

/// Cards are counted with and told as JSON.
private func check(_ inventory: Inventory) throws {
    for card in inventory.cards where card.memory < 0 || (card.free ?? 0) < 0 {
        throw Finding("a card of \(card.memory) bytes, \(card.free ?? 0) free")
    }
    _ = ByteCount.sum(inventory.cards.map(\.available))
    do { _ = try JSONEncoder().encode(inventory.cards) } catch { throw Finding("cards that are no JSON: \(error)") }
}

import Domain
import Foundation
import ModelConfiguration
import Placement
import Testing

/// Predicted seconds of stages on cards, against figures worked out elsewhere.
struct ForecastTests {
    private func seconds(_ kind: StageKind, _ stages: String, _ inventory: Inventory, _ model: URL = RealSize.folder) throws -> Double {
        let plan = try Planner(Topology(yaml: "stages: {\(stages)}", file: "f"), inventory: inventory, models: [model]).plan()
        return try #require(plan.forecasts.first { $0.kind == kind }).seconds
    }

    @Test("int8 weights are read in half the time and take a card half the bytes; products take half the time, attention as long as before")
    func int8() throws {
        let (text, diffusion) = ("text: {devices: [npu:0], batch: 16}", "diffusion: {devices: [npu:1]}")
        let bf16 = try seconds(.text, text, .npus(2)), int8 = try seconds(.text, text, .npus(2), RealSize.int8)
        // Embedding and head stay in bf16.
        let quantized = RealSize.divided + RealSize.keyValues, bytes = 2 * RealSize.text - quantized
        #expect(abs(int8 / bf16 - Double(bytes) / Double(2 * RealSize.text)) < 1e-9)
        let drawn = try seconds(.diffusion, diffusion, .npus(2)), faster = try seconds(.diffusion, diffusion, .npus(2), RealSize.int8)
        let products = 2.0 * Double(RealSize.transformer) * 4096, attention = 4.0 * 4096 * 4096 * 4096 * 30
        #expect(abs(faster / drawn - (products / 2 + attention) / (products + attention)) < 1e-9)
        let plan = try Planner(Topology(yaml: "stages: {\(text)}", file: "f"), inventory: .npus(2), models: [RealSize.int8]).plan()
        let stage = try #require(plan.stages.first { $0.kind == .text })
        #expect(stage.items().first { $0.item == .weights }?.bytes == bytes)
        // The host multiplies in f32 whatever the file holds.
        #expect(try seconds(.text, "text: {batch: 4}", .hostOnly) == seconds(.text, "text: {batch: 4}", .hostOnly, RealSize.int8))
    }

    @Test(
        "what cards exchange in a divided pass is what deploy/ascend/ESTIMATE.md calculates",
        arguments: [("910B3", "910B3"), ("910B4 (32 GB)", "910B4"), ("A3, one die", "Ascend910_9382")],
        [("exchange", PassDivision.ulysses, [2, 4, 8]), ("sums", .tensorParallel, [2, 4])])
    func exchange(card: (row: String, chip: String), form: (table: String, division: PassDivision, ranks: [Int])) throws {
        let (row, chip) = card
        let page = try String(contentsOf: topologies.deletingLastPathComponent().appending(path: "ascend/ESTIMATE.md"), encoding: .utf8)
        let lines = page.split(separator: "\n")
        let head = try #require(lines.firstIndex { $0.hasPrefix("| \(form.table) in a pass, ms |") })
        let told = try #require(lines[head...].first { $0.hasPrefix("| \(row) |") })
        func pass(_ ranks: Int) throws -> Double {
            let devices = (0..<ranks).map { "npu:\($0)" }.joined(separator: ", ")
            let seconds = try seconds(.diffusion, "diffusion: {\(form.division.key): \(ranks), devices: [[\(devices)]]}", .npus(9, chip: chip))
            return seconds / 100
        }
        let alone = try pass(1)
        let exchanged = try form.ranks.map { String(format: "%.2f", 1000 * (try pass($0) - alone / Double($0))) }
        #expect("| \(row) | \(exchanged.joined(separator: " | ")) |" == told)
    }
}

import Checkpoint
import Domain
import Foundation
import ModelConfiguration
import Placement
import Testing

/// What a plan counts for GLM-4.1V-9B, against numbers worked out by hand from its configuration.
@Suite("Memory of a question model's planned stages")
struct QuestionMemoryTests {
    private let mebibyte = 1 << 20

    @Test("704 tensors of 10.29 billion parameters: the tower's are vision's, decoder and head are text's, nothing is anyone else's")
    func partition() throws {
        let folder = try ModelFolder(RealQuestionSize.folder)
        #expect(folder.pipeline == .answer)
        let weights = try CheckpointWeights(folder)
        #expect(try folder.weights("").entries.count == 704)
        #expect(weights.stage(.vision).parameters == RealQuestionSize.vision)
        #expect(weights.stage(.text).parameters == RealQuestionSize.text)
        #expect(weights.stage(.diffusion).parameters == 0)
    }

    @Test("matrices take two bytes a parameter on a card, vectors four, and the table of positions stays with the host")
    func weights() throws {
        let memory = try memory("")
        let visionVectors = 3 * 1536 + 4096 + 2 * 4096 + 24 * 2 * 1536, table = 576 * 1536
        #expect(memory[.vision]?[.weights] == 2 * (RealQuestionSize.vision - table) + 2 * visionVectors)
        let textVectors = 4096 + 40 * (4 * 4096 + 4096 + 2 * 256)
        #expect(memory[.text]?[.weights] == 2 * RealQuestionSize.text + 2 * textVectors)
        #expect(memory[.diffusion] == nil)
    }

    @Test("keys and values take 40 KiB a token: 8192 tokens for each of 16 sequences are 5 GiB, which one conversation may have alone")
    func keysAndValues() throws {
        #expect(try memory("")[.text]?[.keysAndValues] == 16 * 8192 * 40 * 1024)
        #expect(
            try memory("stages: {text: {batch: 1}}\nlimits: {context: 300}")[.text]?[.keysAndValues] == 320 * 40 * 1024 / mebibyte * mebibyte
                + mebibyte)
        // The model reads 65536 tokens at most.
        #expect(try memory("stages: {text: {batch: 1}}\nlimits: {context: 1000000}")[.text]?[.keysAndValues] == 65_536 * 40 * 1024)
    }

    @Test(
        "activations are those of a chunk of a prompt, the logits of all ids for a batch, what a prompt of the whole pool collects, and what attention to as much adds to scores"
    )
    func text() throws {
        // Activations of two bytes, angles of four.
        let row = 2 * (2 * 4096 + 2 * (32 + 2) * 128 + 3 * 13_696) + 4 * 2 * 32
        // The buffer of one layer's keys and values doubles from a chunk on; while it grows the old one stands beside it.
        let collected = (32_768 + 65_536) * 2 * 256 * 2
        // Ids, rows, lengths and the pages of 16 sequences, each of which may have all 2048.
        let inputs = 4 * (3 * 16 + 16 * 2048)
        // 16 bits for each of 32 heads and twice 32 bits for each key of 16 rows, and a page of zeros.
        let wholePages = 16 * 65_536 * (2 * 32 + 8) + 64 * 40 * 1024
        #expect(try memory("")[.text]?[.activations] == 256 * row + inputs + 16 * (151_552 * 4 + 8) + collected + wholePages)
    }

    @Test("the tower is planned for the largest picture that the processor makes: 24576 patches")
    func vision() throws {
        let stage = try #require(try stages("").first { $0.kind == .vision })
        let activations = try #require(stage.items().first { $0.item == .activations })
        #expect(activations.reason == "24576 patches")
        // For each patch two rows of 1536, angles of a head of 128, and both halves of SwiGLU; for each of 6144 cells the merger's input and rows.
        #expect(activations.bytes == 2 * (24_576 * (2 * 1536 + 2 * 4096) + 6144 * 2 * 4096) + 4 * 24_576 * 128)
    }

    @Test("one replica of each of two kinds, and what an answer takes is predicted")
    func report() throws {
        let plan = try Planner(Topology(), inventory: .npus(1), models: [RealQuestionSize.folder]).plan()
        #expect(plan.isFeasible && plan.stages.map(\.name) == ["vision-0", "text-0"], "\(plan.report)")
        #expect(plan.report.contains("text is the bottleneck: an answer of 256 tokens about an image of 1024x1024 every ~"), "\(plan.report)")
        #expect(plan.report.contains("planned for 8192 tokens of a conversation in each sequence of a batch; ~ marks estimates"), "\(plan.report)")
        let values = try #require(JSONSerialization.jsonObject(with: Data(plan.json().utf8)) as? [String: Any])
        let throughput = try #require((values["throughput"] as? [[String: Any]])?.first)
        #expect(throughput["answers_per_second"] as? Double ?? 0 > 0 && throughput["pictures_per_second"] == nil)
    }

    private func stages(_ yaml: String) throws -> [StageSpec] {
        try Planner(Topology(yaml: yaml, file: "f"), inventory: .npus(2), models: [RealQuestionSize.folder]).plan().stages
    }

    private func memory(_ yaml: String) throws -> [StageKind: [MemoryItem.Item: Int]] {
        Dictionary(
            try stages(yaml).map { ($0.kind, Dictionary($0.items().map { ($0.item, $0.bytes) }, uniquingKeysWith: +)) },
            uniquingKeysWith: { first, _ in first })
    }
}

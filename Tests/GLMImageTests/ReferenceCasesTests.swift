import Domain
import Foundation
import GLMImage
import ModelFixtures
import Tensor
import TensorCPU
import Testing

/// Small parts against lists of the reference's own answers.
@Suite struct ReferenceCasesTests {
    private struct Cases<Case: Decodable>: Decodable { let cases: [Case] }

    private struct Buckets: Decodable {
        let num_buckets, max_distance, first: Int
        let buckets: [Int]
    }

    private struct Prompt: Decodable {
        let prompt: String
        let height, width: Int
        let sources: [[Int]]
        let ids: [Int32]
        let grids: [[Int]]
    }

    @Test("every distance falls into T5's bucket")
    func buckets() throws {
        for item in try cases("t5-buckets", Buckets.self) {
            let buckets = RelativeBuckets(count: item.num_buckets, maximumDistance: item.max_distance)
            #expect(item.buckets.indices.map { buckets.bucket(distance: item.first + $0) } == item.buckets)
        }
    }

    @Test("prompts become the processor's tokens and grids", arguments: ["tiny-f32", "tiny-bf16-sharded"])
    func prompts(checkpoint: String) throws {
        let text = try TextGenerator(model: Fixture.model(checkpoint), device: CPUDevice(threads: 1))
        for item in try cases("prompts-\(checkpoint)", Prompt.self) {
            let sources = item.grids.prefix(item.sources.count).map { GridSize(height: $0[1], width: $0[2]) }
            let prompt = try text.processor.prompt(item.prompt, height: item.height, width: item.width, sources: Array(sources))
            #expect(prompt.ids == item.ids, "\(item.prompt.prefix(60))")
            let targets = [prompt.target] + (prompt.preview.map { [$0] } ?? [])
            #expect(targets.map { [1, $0.height, $0.width] } == Array(item.grids.dropFirst(item.sources.count)))
        }
    }

    private func cases<Case: Decodable>(_ name: String, _ type: Case.Type) throws -> [Case] {
        let data = try Data(contentsOf: Fixture.folder.appending(path: "text/\(name).json"))
        return try JSONDecoder().decode(Cases<Case>.self, from: data).cases
    }
}

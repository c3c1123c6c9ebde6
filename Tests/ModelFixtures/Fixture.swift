package import Checkpoint
package import Foundation

/// The checkpoints and reference files under `Tests/Fixtures`.
package enum Fixture {
    package static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")
    package static let checkpoints = ["tiny-f32", "tiny-bf16-sharded", "tiny-mixed"]
    /// Of question models. Each has a reference file of one image, and one of several turns.
    package static let answerCheckpoints = ["tiny-answer-f32", "tiny-answer-bf16-sharded"]

    /// The checkpoint that the repository carries.
    package static let glmTiny = "glm-tiny"

    package static func model(_ name: String) throws -> ModelFolder {
        let path = name == glmTiny ? "../../Sources/GLMTiny/glm-tiny" : name
        return try ModelFolder(folder.appending(path: path, directoryHint: .isDirectory).standardizedFileURL)
    }
    package static func reference(_ name: String, _ task: String) -> URL { folder.appending(path: "\(name)-\(task).safetensors") }

    /// A copy of a checkpoint in a folder of its own, to be damaged; removed after `body`.
    package static func withCopy<Result>(of name: String, _ body: (URL) throws -> Result) throws -> Result {
        try withCopy(of: folder.appending(path: name), body)
    }

    package static func withCopy<Result>(of model: URL, _ body: (URL) throws -> Result) throws -> Result {
        let copy = FileManager.default.temporaryDirectory.appending(path: "glm-fixture-\(UUID().uuidString)", directoryHint: .isDirectory)
        try FileManager.default.copyItem(at: model, to: copy)
        defer { try? FileManager.default.removeItem(at: copy) }
        return try body(copy)
    }
}

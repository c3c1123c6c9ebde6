import Checkpoint
import Domain
import Foundation
import GLM4V
import ModelConfiguration
import Testing

extension FuzzTests {
    private static let answerFiles = [
        "config.json", "generation_config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja",
    ]

    @Test("a question model with one file of another's making is described, counted and read, or refused", arguments: answerFiles)
    func answerCheckpoint(file: String) async throws {
        let folders = ["tiny-answer-f32", "tiny-answer-bf16-sharded"].map { fixtures.appending(path: $0, directoryHint: .isDirectory) }
        let corpus = folders.compactMap { FileManager.default.contents(atPath: $0.appending(path: file).path) }.map(Array.init)
        var fuzzer = try Fuzzer(
            "answer-checkpoint-" + file, corpus: corpus,
            words: [
                "{", "}", "[", "]", "\"", ",", ":", "\\u0000", "null", "1e999", "4294967296", "1024", "{{", "%}", "{%-", "item.text", "rope_scaling",
                "rope_parameters", "text_config", "image_processor",
            ],
            isJSON: file.hasSuffix(".json"), share: 0.25)
        try await withFolder { folder in
            let copy = folder.appending(path: "model", directoryHint: .isDirectory)
            try FileManager.default.copyItem(at: folders[0], to: copy)
            try await fuzzer.run { bytes in
                try Data(bytes).write(to: copy.appending(path: file))
                let model = try ModelFolder(copy)
                for step in [plan, prompt, sizes] { try attempt { try step(model) } }
            }
        }
    }
}

private func plan(_ model: ModelFolder) throws {
    let description = try ModelDescription(model)
    for onHost in [true, false] {
        let limits = Footprint.Limits(pixels: RequestLimits.maximumArea, sources: 0)
        let footprint = Footprint(description, limits, Footprint.Form(onHost: onHost, precision: .f32, batch: 64))
        _ = [StageKind.vision, .text].map { footprint.items($0).bytes }
    }
}

private func prompt(_ model: ModelFolder) throws {
    let configuration = try GLM4VConfiguration.load(model)
    _ = try? GLM4VGenerationConfiguration.load(model, text: configuration.text)
    let processor = try PromptProcessor(model, configuration)
    let conversation = try Conversation([
        ChatMessage(.system, "s"), ChatMessage(role: .user, parts: [.text("a 12 's \u{1F34E} "), .image([]), .text("圆")]),
    ])
    for thinking in AnswerOptions.Thinking.allCases {
        guard let prompt = try? processor.prompt(conversation, grids: [GridSize(height: 2, width: 3)], thinking: thinking) else { continue }
        guard prompt.ids.allSatisfy({ (0..<configuration.text.vocabularySize).contains(Int($0)) }) else {
            throw Finding("an id outside the vocabulary")
        }
        guard prompt.pictures.map(\.count) == [6] else { throw Finding("\(prompt.pictures) for an image of six cells") }
    }
}

private func sizes(_ model: ModelFolder) throws {
    let configuration = try GLM4VConfiguration.load(model)
    let rule = try GLM4VImageProcessorConfiguration.load(model, for: configuration.vision).sizeRule
    for (height, width) in [(1, 1), (64, 96), (1, 200), (16384, 4096)] {
        guard let size = try? rule.size(height: height, width: width, field: "image") else { continue }
        guard size.height % rule.cellSide == 0, size.width % rule.cellSide == 0, size.grid.count > 0 else {
            throw Finding("\(height) × \(width) became \(size)")
        }
    }
}

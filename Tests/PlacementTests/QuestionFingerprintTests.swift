import Checkpoint
import Domain
import Foundation
import ModelConfiguration
import TestSupport
import Testing

/// A stage's fingerprint is that of what it reads.
@Suite struct QuestionFingerprintTests {
    private func withQuestionModel(_ body: (URL) throws -> Void) throws {
        try withFolder { folder in
            try Data(#"{"model_type": "glm4v"}"#.utf8).write(to: folder.appending(path: "config.json"))
            for name in ["chat_template.jinja", "generation_config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json"] {
                try Data("{}".utf8).write(to: folder.appending(path: name))
            }
            let header = #"{"model.visual.a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
            try (safetensorsHead(Data(header.utf8)) + Data(count: 4)).write(to: folder.appending(path: "model.safetensors"))
            try body(folder)
        }
    }

    @Test("vision and text have a fingerprint each, diffusion has none: the model takes no such stage")
    func kinds() throws {
        try withQuestionModel { folder in
            let fingerprints = try ModelFolder(folder).fingerprints()
            #expect(Set(fingerprints.keys) == ["vision", "text"] && fingerprints["vision"] != fingerprints["text"])
        }
        #expect(Set(try ModelFolder(tiny).fingerprints().keys) == ["vision", "text", "diffusion"])
    }

    @Test(
        "another template or tokenizer is another model for text alone, other weights and another image processor for both",
        arguments: [
            ("chat_template.jinja", false), ("generation_config.json", false), ("tokenizer.json", false), ("tokenizer_config.json", false),
            ("preprocessor_config.json", true), ("model.safetensors", true),
        ])
    func changes(_ file: String, _ changesVision: Bool) throws {
        try withQuestionModel { folder in
            let before = try ModelFolder(folder).fingerprints()
            let url = folder.appending(path: file)
            var bytes = try Data(contentsOf: url)
            bytes[bytes.count - 1] ^= 1
            try bytes.write(to: url)
            let after = try ModelFolder(folder).fingerprints()
            #expect(after["text"] != before["text"])
            #expect((after["vision"] != before["vision"]) == changesVision)
        }
    }
}

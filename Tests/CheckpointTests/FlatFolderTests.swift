import Checkpoint
import Foundation
import TestSupport
import Testing

/// A question model's folder: everything in one place, `config.json` says what it is.
@Suite struct FlatFolderTests {
    private static let configuration = #"{"architectures": ["Glm4vForConditionalGeneration"], "model_type": "glm4v"}"#
    /// All that is read of it beside the weights.
    private static let texts = [
        "chat_template.jinja", "config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json", "tokenizer.json",
        "tokenizer_config.json",
    ]

    private func withQuestionModel<Result>(_ body: (URL) throws -> Result) throws -> Result {
        try withFolder { folder in
            for text in Self.texts { try Data("{}".utf8).write(to: folder.appending(path: text)) }
            try Data(Self.configuration.utf8).write(to: folder.appending(path: "config.json"))
            try weights(folder, "model.safetensors", ["model.visual.a", "lm_head.weight"])
            return try body(folder)
        }
    }

    private func weights(_ folder: URL, _ file: String, _ names: [String]) throws {
        let entries = names.enumerated().map { index, name in
            "\"\(name)\":{\"dtype\":\"BF16\",\"shape\":[1,1],\"data_offsets\":[\(2 * index),\(2 * index + 2)]}"
        }
        try safetensors("{\(entries.joined(separator: ","))}", data: [UInt8](repeating: 1, count: 2 * names.count))
            .write(to: folder.appending(path: file))
    }

    @Test("the layout says what a model is for; the folder itself is its only component")
    func layouts() throws {
        #expect(try ModelFolder(fixtures.appending(path: "tiny-f32")).pipeline == .image)
        try withQuestionModel { folder in
            let model = try ModelFolder(folder)
            #expect(model.pipeline == .answer && model.component("") == folder)
            #expect(try model.weights("").entries.map(\.tensor.name) == ["lm_head.weight", "model.visual.a"])
        }
    }

    @Test("either of the two keys is enough; shards and their index are read as one")
    func accepted() throws {
        try withQuestionModel { folder in
            let file = folder.appending(path: "config.json")
            for text in [#"{"model_type": "glm4v"}"#, #"{"architectures": ["Glm4vForConditionalGeneration"]}"#] {
                try Data(text.utf8).write(to: file)
                #expect(try ModelFolder(folder).pipeline == .answer)
            }
            try FileManager.default.removeItem(at: folder.appending(path: "model.safetensors"))
            try weights(folder, "model-00001-of-00002.safetensors", ["model.visual.a"])
            try weights(folder, "model-00002-of-00002.safetensors", ["lm_head.weight"])
            let index =
                #"{"weight_map": {"model.visual.a": "model-00001-of-00002.safetensors", "lm_head.weight": "model-00002-of-00002.safetensors"}}"#
            try Data(index.utf8).write(to: folder.appending(path: "model.safetensors.index.json"))
            #expect(try ModelFolder(folder).weights("").entries.count == 2)
        }
    }

    @Test(
        "another model is refused by file, key and value",
        arguments: [
            (
                #"{"model_type": "glm4v_moe", "architectures": ["Glm4vMoeForConditionalGeneration"]}"#, "model_type is glm4v_moe",
                "mixtures of experts"
            ),
            (#"{"architectures": ["Glm4vMoeForConditionalGeneration"]}"#, "Glm4vMoeForConditionalGeneration", "mixtures of experts"),
            (#"{"model_type": "glm46v"}"#, "model_type is glm46v", "should be glm4v"),
            (
                #"{"model_type": "glm4v", "architectures": ["LlamaForCausalLM"]}"#, "architectures is LlamaForCausalLM",
                "Glm4vForConditionalGeneration"
            ),
            (#"{"model_type": "glm4v", "architectures": []}"#, "architectures is empty", "Glm4vForConditionalGeneration"),
            (#"{"hidden_size": 4096}"#, "model_type is missing", "model_index.json"),
            (#"{"model_type": 4}"#, "model_type is not a String", "config.json"),
            ("[]", "config.json", "top level"),
            ("{", "config.json", "not valid JSON"),
        ])
    func refused(_ text: String, _ named: String, _ also: String) throws {
        try withQuestionModel { folder in
            try Data(text.utf8).write(to: folder.appending(path: "config.json"))
            let message = failure(.invalidConfiguration) { _ = try ModelFolder(folder) }
            #expect(message.contains(folder.appending(path: "config.json").path) && message.contains(named) && message.contains(also), "\(message)")
        }
    }

    @Test("a folder of neither layout is told what was looked for; a component of an image model is not taken for a model")
    func neither() throws {
        try withFolder { folder in
            let message = failure(.missingFile) { _ = try ModelFolder(folder) }
            #expect(message.contains("model_index.json") && message.contains("config.json") && message.contains(folder.path), "\(message)")
        }
        let component = fixtures.appending(path: "tiny-f32/vision_language_encoder")
        let message = failure(.invalidConfiguration) { _ = try ModelFolder(component) }
        #expect(message.contains("model_type is glm_image") && message.contains("model_index.json, which is not there"), "\(message)")
    }

    @Test("what stands in a text's or the weights' place is named with the file")
    func broken() throws {
        try withQuestionModel { folder in
            let tokenizer = folder.appending(path: "tokenizer.json"), whole = try Data(contentsOf: tokenizer)
            try lfsPointer.write(to: tokenizer)
            #expect(failure(.malformed) { _ = try ModelFolder(folder) }.contains("tokenizer.json is a Git LFS pointer"))
            try whole.write(to: tokenizer)
            let file = folder.appending(path: "model.safetensors")
            try Data(contentsOf: file).prefix(20).write(to: file)
            #expect(failure(.malformed) { _ = try ModelFolder(folder).weights("") }.contains("model.safetensors"))
            try FileManager.default.removeItem(at: file)
            let missing = failure(.missingFile) { _ = try ModelFolder(folder).weights("") }
            #expect(missing.contains("has neither model.safetensors nor model.safetensors.index.json"), "\(missing)")
            let downloads = folder.appending(path: ".cache/huggingface/download")
            try FileManager.default.createDirectory(at: downloads, withIntermediateDirectories: true)
            try Data("x".utf8).write(to: downloads.appending(path: "abc.def.incomplete"))
            #expect(failure(.missingFile) { _ = try ModelFolder(folder).weights("") }.contains("download/abc.def.incomplete"))
        }
    }

    @Test("a byte of any file that is read is another model, what else lies there is not")
    func fingerprint() throws {
        try withQuestionModel { folder in
            func fingerprint(without unread: Set<String> = []) throws -> String {
                try ModelFolder(folder).fingerprint(of: [""], without: unread, digests: FileDigests(nil))
            }
            var before = try fingerprint()
            for other in ["video_preprocessor_config.json", "README.md", "._config.json", "optimizer.safetensors", "model.fp16.safetensors"] {
                try Data("{}".utf8).write(to: folder.appending(path: other))
            }
            #expect(try fingerprint() == before)
            for name in Self.texts + ["model.safetensors"] {
                let url = folder.appending(path: name)
                let apart = try fingerprint(without: [name])
                try (Data(contentsOf: url) + Data([name == "model.safetensors" ? 0 : 0x20])).write(to: url)
                #expect(try fingerprint() != before, "\(name)")
                // What a kind of stage doesn't read changes nothing for it.
                if Self.texts.contains(name) { #expect(try fingerprint(without: [name]) == apart, "\(name)") }
                before = try fingerprint()
            }
        }
    }
}

import Checkpoint
import Foundation
import TestSupport
import Testing

@Suite struct ModelFolderTests {
    private static let model = fixtures.appending(path: "tiny-f32")

    private static func index(_ change: (inout [String: Any]) -> Void) throws -> Data {
        var index = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: model.appending(path: "model_index.json"))) as? [String: Any])
        change(&index)
        return try JSONSerialization.data(withJSONObject: index)
    }

    private static func open(_ index: Data) throws -> ModelFolder {
        try withFolder { folder in
            try index.write(to: folder.appending(path: "model_index.json"))
            return try ModelFolder(folder)
        }
    }

    @Test("a GLM-Image folder is accepted under every library name that its writers use")
    func accepted() throws {
        let folder = try ModelFolder(Self.model)
        #expect(folder.component("vae").lastPathComponent == "vae")
        let written = try Self.index {
            $0["processor"] = ["glm_image", "GlmImageProcessor"]
            $0["vision_language_encoder"] = ["glm_image", "GlmImageForConditionalGeneration"]
            $0["safety_checker"] = [NSNull(), NSNull()]
            $0["requires_safety_checker"] = false
        }
        _ = try Self.open(written)
    }

    @Test("another pipeline, class or component is refused by its name")
    func refused() throws {
        let cases: [(String, Any?, String)] = [
            ("_class_name", "FluxPipeline", "FluxPipeline"),
            ("_class_name", nil, "_class_name"),
            ("vae", ["diffusers", "AutoencoderTiny"], "AutoencoderTiny"),
            ("vae", ["malware", "AutoencoderKL"], "malware"),
            ("vae", nil, "vae"),
            ("transformer", [NSNull(), NSNull()], "transformer"),
            ("controlnet", ["diffusers", "ControlNetModel"], "ControlNetModel"),
        ]
        for (key, value, named) in cases {
            let index = try Self.index { $0[key] = value }
            #expect(failure(.invalidConfiguration) { _ = try Self.open(index) }.contains(named))
        }
        failure(.invalidConfiguration) { _ = try Self.open(Data("[]".utf8)) }
        failure(.invalidConfiguration) { _ = try Self.open(Data("{".utf8)) }
        failure(.missingFile) { _ = try ModelFolder(fixtures.appending(path: "no-such-model")) }
    }

    @Test("a configuration's error names its file and key")
    func configuration() throws {
        struct Nested: Decodable { let value: Int }
        struct Configuration: Decodable { let inner: Nested }
        try withFolder { folder in
            try FileManager.default.copyItem(at: Self.model.appending(path: "model_index.json"), to: folder.appending(path: "model_index.json"))
            let model = try ModelFolder(folder)
            let file = folder.appending(path: "config.json")
            for (text, named) in [
                (#"{}"#, "inner is missing"), (#"{"inner":{}}"#, "inner.value is missing"), (#"{"inner":{"value":"1"}}"#, "inner.value is not a Int"),
                (#"{"inner":{"value":null}}"#, "inner.value"), (#"{"#, "not valid JSON"),
            ] {
                try Data(text.utf8).write(to: file)
                let message = failure(.invalidConfiguration) { _ = try model.configuration(Configuration.self, "config.json") }
                #expect(message.contains(named) && message.contains("config.json"), "\(message)")
            }
            failure(.missingFile) { _ = try model.configuration(Configuration.self, "none.json") }
        }
    }

    @Test("what stands in a small file's place is named: a link that leads nowhere, a pointer of Git LFS, nothing in it, a folder, a pipe")
    func places() throws {
        try withModel { model in
            let file = model.appending(path: "processor/tokenizer.json")
            func refused(_ code: CheckpointError.Code, _ named: String, _ place: () throws -> Void) throws {
                try FileManager.default.removeItem(at: file)
                try place()
                let message = failure(code) { _ = try ModelFolder(model) }
                #expect(message.contains(named) && message.contains("processor/tokenizer.json"), "\(message)")
            }
            try refused(.malformed, "git lfs pull") { try lfsPointer.write(to: file) }
            try refused(.malformed, "is empty") { try Data().write(to: file) }
            try refused(.unreadable, "regular file") { try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false) }
            try refused(.unreadable, "regular file") { #expect(mkfifo(file.path, 0o600) == 0) }
            try refused(.missingFile, "link to ../../blobs/abc") {
                try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: "../../blobs/abc")
            }
        }
    }

    @Test("a model is called by its folder, one in Hugging Face's cache by its name there")
    func names() throws {
        for (path, name) in [
            ("/models/glm-image", "glm-image"), ("/models/glm-image/", "glm-image"), ("/models/other/../glm-image", "glm-image"),
            ("/hub/models--zai-org--GLM-Image/snapshots/0123abcd", "zai-org/GLM-Image"), ("/hub/models--gpt2/snapshots/0123abcd/", "gpt2"),
            ("/hub/models--zai-org--GLM-Image/snapshots", "snapshots"), ("/models/snapshots/0123abcd", "0123abcd"), ("/", "/"),
        ] {
            #expect(ModelFolder.name(of: URL(fileURLWithPath: path)) == name)
        }
        try withFolder { folder in
            try FileManager.default.createDirectory(at: folder.appending(path: "snapshots/0123abcd"), withIntermediateDirectories: true)
            #expect(failure(.missingFile) { _ = try ModelFolder(folder) }.contains("a folder in its snapshots"))
        }
    }
}

import Checkpoint
import Foundation
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

    @Test("the fingerprint is the same for a copy and another when a number of the architecture changes")
    func fingerprint() throws {
        let fingerprint = try ModelFolder(Self.model).fingerprint
        #expect(fingerprint.count == 16 && fingerprint.allSatisfy(\.isHexDigit))
        try withFolder { folder in
            let copy = folder.appending(path: "copy")
            try FileManager.default.copyItem(at: Self.model, to: copy)
            #expect(try ModelFolder(copy).fingerprint == fingerprint)
            let file = copy.appending(path: "vae/config.json")
            try (Data(contentsOf: file) + Data(" ".utf8)).write(to: file)
            #expect(try ModelFolder(copy).fingerprint != fingerprint)
        }
        #expect(try ModelFolder(fixtures.appending(path: "tiny-mixed")).fingerprint != fingerprint)
    }

    @Test("other weights under the same header give another fingerprint")
    func trainedFurther() throws {
        try withFolder { folder in
            let copy = folder.appending(path: "copy")
            try FileManager.default.copyItem(at: Self.model, to: copy)
            let before = try ModelFolder(copy).fingerprint
            let file = copy.appending(path: "vae/diffusion_pytorch_model.safetensors")
            var bytes = try Data(contentsOf: file)
            for index in (bytes.count / 2)..<bytes.count { bytes[index] ^= 1 }
            try bytes.write(to: file)
            #expect(try ModelFolder(copy).fingerprint != before)
        }
    }
}

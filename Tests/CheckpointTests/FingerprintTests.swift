import Checkpoint
import Foundation
import TestSupport
import Testing

@Suite struct FingerprintTests {
    private static let components: Set<String> = [
        "processor", "scheduler", "text_encoder", "tokenizer", "transformer", "vae", "vision_language_encoder",
    ]
    /// Every file that the model reads of the fixture, beside model_index.json, which decides nothing but whether it is one.
    private static let read = [
        "processor/chat_template.jinja", "processor/preprocessor_config.json", "processor/tokenizer.json", "processor/tokenizer_config.json",
        "scheduler/scheduler_config.json", "text_encoder/config.json", "text_encoder/model.safetensors", "tokenizer/tokenizer_config.json",
        "transformer/config.json", "transformer/diffusion_pytorch_model.safetensors", "vae/config.json",
        "vae/diffusion_pytorch_model.safetensors", "vision_language_encoder/config.json", "vision_language_encoder/generation_config.json",
        "vision_language_encoder/model.safetensors",
    ]

    private static func fingerprint(_ model: URL, of components: Set<String> = components) throws -> String {
        try ModelFolder(model).fingerprint(of: components, digests: FileDigests(nil))
    }

    private static func flip(_ position: Int, of file: URL) throws {
        let handle = try FileHandle(forUpdating: file)
        defer { try? handle.close() }
        try handle.seek(toOffset: UInt64(position))
        let byte = try #require(try handle.read(upToCount: 1)?.first)
        try handle.seek(toOffset: UInt64(position))
        try handle.write(contentsOf: [byte ^ 1])
    }

    @Test("a copy has the same fingerprint, another checkpoint another")
    func copies() throws {
        let fingerprint = try Self.fingerprint(fixtures.appending(path: "tiny-f32"))
        #expect(fingerprint.count == 32 && fingerprint.allSatisfy(\.isHexDigit))
        let copy = try withModel { try Self.fingerprint($0) }
        #expect(copy == fingerprint)
        #expect(try Self.fingerprint(fixtures.appending(path: "tiny-mixed")) != fingerprint)
    }

    @Test("any byte of any tensor counts: one in each of them, changed one after the other, gives a fingerprint that was not there before")
    func everyTensor() throws {
        try withModel { model in
            var seen: Set<String> = []
            for (component, file) in [
                ("vae", "diffusion_pytorch_model"), ("transformer", "diffusion_pytorch_model"), ("text_encoder", "model"),
                ("vision_language_encoder", "model"),
            ] {
                seen.insert(try Self.fingerprint(model, of: [component]))
                let url = model.appending(path: "\(component)/\(file).safetensors")
                let entries = try SafetensorsFile(url).entries
                var end = try Data(contentsOf: url).count
                for entry in entries.reversed() where entry.byteCount > 0 {
                    try Self.flip(end - 1 - entry.byteCount / 3, of: url)
                    #expect(seen.insert(try Self.fingerprint(model, of: [component])).inserted, "\(component) \(entry.name)")
                    end -= entry.byteCount
                }
            }
        }
    }

    @Test("every other file that the model reads counts", arguments: FingerprintTests.read)
    func everyFile(_ file: String) throws {
        try withModel { model in
            let before = try Self.fingerprint(model)
            let url = model.appending(path: file)
            try Self.flip(try Data(contentsOf: url).count / 2, of: url)
            #expect(try Self.fingerprint(model) != before)
        }
    }

    @Test("what no part reads changes nothing: a Mac's files, notes, states of a trainer, other formats, variants, a stale single file")
    func nothingElse() throws {
        try withModel("tiny-bf16-sharded") { model in
            let before = try Self.fingerprint(model)
            for file in Self.read { try Data("Mac OS X".utf8).write(to: model.appending(path: file.replacing("/", with: "/._"))) }
            for file in [
                "README.md", ".DS_Store", "._model_index.json", "vae/notes.json", "vae/optimizer.safetensors", "vae/model.safetensors",
                "vae/diffusion_pytorch_model.fp16.safetensors", "vae/diffusion_pytorch_model.bin", "tokenizer/special_tokens_map.json",
            ] {
                try Data("{}".utf8).write(to: model.appending(path: file))
            }
            let stale = model.appending(path: "transformer/diffusion_pytorch_model.safetensors")
            try #require(!FileManager.default.fileExists(atPath: stale.path))
            try Data("stale".utf8).write(to: stale)
            #expect(try Self.fingerprint(model) == before)
        }
    }

    @Test("a folder with only some components agrees on them with one that has all, and misses the others by name")
    func parts() throws {
        try withModel { model in
            let whole = try Self.fingerprint(model, of: ["processor", "vision_language_encoder"])
            for component in Self.components.subtracting(["processor", "vision_language_encoder"]) {
                try FileManager.default.removeItem(at: model.appending(path: component))
            }
            #expect(try Self.fingerprint(model, of: ["processor", "vision_language_encoder"]) == whole)
            #expect(failure(.missingFile) { _ = try Self.fingerprint(model, of: ["vae"]) }.contains("vae is missing"))
        }
    }

    @Test("the same file under another component or name is another model")
    func names() throws {
        try withFolder { folder in
            let config = Data("{}".utf8)
            for component in ["vae", "transformer"] {
                let url = folder.appending(path: component)
                try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
                try config.write(to: url.appending(path: "config.json"))
                try safetensors("{}", data: []).write(to: url.appending(path: "diffusion_pytorch_model.safetensors"))
            }
            let index = fixtures.appending(path: "tiny-f32/model_index.json")
            try FileManager.default.copyItem(at: index, to: folder.appending(path: "model_index.json"))
            #expect(try Self.fingerprint(folder, of: ["vae"]) != Self.fingerprint(folder, of: ["transformer"]))
        }
    }
}

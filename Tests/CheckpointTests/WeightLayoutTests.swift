import Checkpoint
import Foundation
import TestSupport
import Testing

/// Which of a folder's files are read: those that the reference reads.
@Suite struct WeightLayoutTests {
    private static func file(_ name: String) -> Data {
        safetensors(#"{"\#(name)":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, data: [0, 0, 0, 0])
    }

    private static func write(_ names: [String], for stem: String, in folder: URL) throws {
        for name in names {
            let data =
                name.hasSuffix(".index.json")
                ? try JSONEncoder().encode(["weight_map": ["shard": "\(stem)-00001-of-00001.safetensors"]])
                : name.contains("-00001") ? file("shard") : file("single")
            try data.write(to: folder.appending(path: name))
        }
    }

    @Test(
        "where a single file lies beside complete shards, diffusers reads the shards and transformers the file",
        arguments: [
            (WeightLayout.diffusers, "diffusion_pytorch_model", "shard"), (WeightLayout.transformers, "model", "single"),
        ])
    func both(_ layout: WeightLayout, _ stem: String, _ read: String) throws {
        try withFolder { folder in
            try Self.write(["\(stem).safetensors", "\(stem).safetensors.index.json", "\(stem)-00001-of-00001.safetensors"], for: stem, in: folder)
            #expect(try WeightMap(folder: folder, layout: layout).entries.map(\.tensor.name) == [read])
        }
    }

    @Test("a library's weights are read under its own name, whatever another one left beside them")
    func stems() throws {
        try withFolder { folder in
            try Self.write(["model-00001-of-00001.safetensors", "model.fp16.safetensors", "._model.safetensors"], for: "model", in: folder)
            try Self.write(["diffusion_pytorch_model.safetensors"], for: "diffusion_pytorch_model", in: folder)
            #expect(try WeightMap(folder: folder, layout: .diffusers).entries.map(\.tensor.name) == ["single"])
            failure(.missingFile) { _ = try WeightMap(folder: folder, layout: .transformers) }
        }
    }

    @Test(
        "a folder without weights says what it holds in their place",
        arguments: [
            ([], "has neither model.safetensors nor model.safetensors.index.json"),
            (["pytorch_model.bin"], "only pytorch_model.bin, a format that is not read"),
            (["model.fp16.safetensors"], "only the variant model.fp16.safetensors"),
            (["model.safetensors.index.fp16.json", "model.fp16-00001-of-00001.safetensors"], "only the variant model.fp16-00001"),
            (["model-00001-of-00002.safetensors"], "shards such as model-00001-of-00002.safetensors, but no model.safetensors.index.json"),
            (["model.safetensors.incomplete"], "download is not finished, model.safetensors.incomplete is left of it"),
            (["._model.safetensors", "notes.txt"], "has neither"),
        ])
    func reasons(_ names: [String], _ reason: String) throws {
        try withFolder { folder in
            for name in names { try Self.file("a").write(to: folder.appending(path: name)) }
            let message = failure(.missingFile) { _ = try WeightMap(folder: folder, layout: .transformers) }
            #expect(message.contains(reason) && message.contains(folder.lastPathComponent), "\(message)")
        }
    }

    @Test("a download into a folder of the user's choice that is not finished is named, and a component that is not there")
    func downloads() throws {
        try withModel { model in
            let vae = model.appending(path: "vae")
            try FileManager.default.removeItem(at: vae.appending(path: "diffusion_pytorch_model.safetensors"))
            let downloads = model.appending(path: ".cache/huggingface/download/vae")
            try FileManager.default.createDirectory(at: downloads, withIntermediateDirectories: true)
            try Data("x".utf8).write(to: downloads.appending(path: "abc.def.incomplete"))
            #expect(failure(.missingFile) { _ = try ModelFolder(model).weights("vae") }.contains("download/vae/abc.def.incomplete"))
            try FileManager.default.removeItem(at: vae)
            try FileManager.default.removeItem(at: downloads)
            #expect(failure(.missingFile) { _ = try ModelFolder(model).weights("vae") }.contains("vae is missing"))
        }
    }

    @Test("weights that are a Git LFS pointer, or a link that leads nowhere, are named as that; nothing else is read in their place")
    func places() throws {
        try withFolder { folder in
            let file = folder.appending(path: "diffusion_pytorch_model.safetensors")
            try lfsPointer.write(to: file)
            #expect(failure(.malformed) { _ = try WeightMap(folder: folder, layout: .diffusers) }.contains("Git LFS pointer"))
            try Self.write(["diffusion_pytorch_model-00001-of-00001.safetensors"], for: "diffusion_pytorch_model", in: folder)
            let index = folder.appending(path: "diffusion_pytorch_model.safetensors.index.json")
            try FileManager.default.createSymbolicLink(atPath: index.path, withDestinationPath: "blobs/abc")
            #expect(failure(.missingFile) { _ = try WeightMap(folder: folder, layout: .diffusers) }.contains("is a link to blobs/abc"))
        }
    }
}

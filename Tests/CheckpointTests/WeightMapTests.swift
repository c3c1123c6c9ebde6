import Checkpoint
import Foundation
import Tensor
import TestSupport
import Testing

@Suite struct WeightMapTests {
    private static func file(_ names: [String], type: String = "F32") -> Data {
        let width = type == "F32" ? 4 : 2
        let listed = names.enumerated().map { #""\#($1)":{"dtype":"\#(type)","shape":[1],"data_offsets":[\#($0 * width),\#(($0 + 1) * width)]}"# }
        return safetensors("{\(listed.joined(separator: ","))}", data: names.indices.flatMap { index in (0..<width).map { _ in UInt8(index) } })
    }

    private static func sharded(_ folder: URL, index: [String: String], _ shards: [String: [String]]) throws {
        try JSONEncoder().encode(["weight_map": index]).write(to: folder.appending(path: "model.safetensors.index.json"))
        for (shard, names) in shards { try file(names).write(to: folder.appending(path: shard)) }
    }

    @Test("a component is loaded whole: every tensor taken or ignored, or it is refused")
    func account() throws {
        try withFolder { folder in
            try Self.file(["a", "b", "skip.c", "skip.d"]).write(to: folder.appending(path: "model.safetensors"))
            let weights = try WeightMap(folder: folder, layout: .transformers)
            #expect(weights.entries.map(\.tensor.name) == ["a", "b", "skip.c", "skip.d"])
            #expect(weights.contains("a") && !weights.contains("z"))
            _ = try weights.take("a", [1])
            #expect(try weights.takeIfPresent("z", [1]) == nil)
            weights.ignore(prefix: "skip.")
            #expect(failure(.unusedTensor) { try weights.finish() }.contains("b [1] in model.safetensors"))
            _ = try weights.take("b", [1])
            try weights.finish()
        }
    }

    @Test("a missing or misshaped tensor, or one of no float type, is refused with its name, shapes and file")
    func refusals() throws {
        try withFolder { folder in
            try Self.file(["a"]).write(to: folder.appending(path: "diffusion_pytorch_model.safetensors"))
            let weights = try WeightMap(folder: folder, layout: .diffusers)
            let missing = failure(.missingTensor) { _ = try weights.take("z", [3, 4]) }
            #expect(missing.contains("z [3, 4]") && missing.contains("diffusion_pytorch_model.safetensors"))
            let shape = failure(.shapeMismatch) { _ = try weights.take("a", [2]) }
            #expect(shape.contains("a") && shape.contains("[2]") && shape.contains("[1]") && shape.contains("diffusion_pytorch_model.safetensors"))
            failure(.shapeMismatch) { _ = try weights.takeIfPresent("a", [1, 1]) }
        }
        try withFolder { folder in
            try Self.file(["a"], type: "I16").write(to: folder.appending(path: "model.safetensors"))
            #expect(failure(.unsupportedType) { _ = try WeightMap(folder: folder, layout: .transformers).take("a", [1]) }.contains("I16"))
        }
    }

    @Test("shards are one map; an index that disagrees with them is refused, naming tensor and shard")
    func shards() throws {
        let index = ["a": "1.safetensors", "b": "2.safetensors"]
        try withFolder { folder in
            try Self.sharded(folder, index: index, ["1.safetensors": ["a"], "2.safetensors": ["b"]])
            let weights = try WeightMap(folder: folder, layout: .transformers)
            _ = try (weights.take("a", [1]), weights.take("b", [1]))
            try weights.finish()
        }
        let disagreements: [([String: [String]], CheckpointError.Code, String)] = [
            (["1.safetensors": ["a"]], .missingFile, "2.safetensors"),
            (["1.safetensors": ["a"], "2.safetensors": []], .malformed, "b"),
            (["1.safetensors": ["a"], "2.safetensors": ["b", "c"]], .malformed, "c"),
            (["1.safetensors": ["a", "b"], "2.safetensors": ["b"]], .malformed, "b"),
        ]
        for (shards, code, named) in disagreements {
            try withFolder { folder in
                try Self.sharded(folder, index: index, shards)
                #expect(failure(code) { _ = try WeightMap(folder: folder, layout: .transformers) }.contains(named))
            }
        }
        try withFolder { folder in
            try Self.sharded(folder, index: [:], [:])
            #expect(failure(.malformed) { _ = try WeightMap(folder: folder, layout: .transformers) }.contains("names no shard"))
        }
        for shard in ["../1.safetensors", "/etc/passwd", "1.bin"] {
            try withFolder { folder in
                try Self.sharded(folder, index: ["a": shard], [:])
                failure(.malformed) { _ = try WeightMap(folder: folder, layout: .transformers) }
            }
        }
    }

    @Test("a truncated shard is refused with its name")
    func truncated() throws {
        try withFolder { folder in
            let source = fixtures.appending(path: "tiny-bf16-sharded/vision_language_encoder")
            let copy = folder.appending(path: "copy")
            try FileManager.default.copyItem(at: source, to: copy)
            _ = try WeightMap(folder: copy, layout: .transformers)
            let shard = copy.appending(path: "model-00002-of-00003.safetensors")
            let bytes = try Data(contentsOf: shard)
            for count in [bytes.count - 1, bytes.count / 2, 100, 4, 0] {
                try bytes.prefix(count).write(to: shard)
                #expect(failure(.malformed) { _ = try WeightMap(folder: copy, layout: .transformers) }.contains("model-00002-of-00003.safetensors"))
            }
        }
    }

    @Test("weights that are infinite or not numbers are told by name and count, in every float type; the largest finite number is none")
    func finite() throws {
        for (type, largest, broken) in [
            ("F32", [0xFF, 0xFF, 0x7F, 0x7F], [0, 0, 0x80, 0xFF]), ("BF16", [0x7F, 0x7F], [0xC0, 0x7F]), ("F16", [0xFF, 0xFB], [0, 0x7C]),
        ] as [(String, [UInt8], [UInt8])] {
            try withFolder { folder in
                let header = #"{"a":{"dtype":"\#(type)","shape":[2],"data_offsets":[0,\#(2 * broken.count)]}}"#
                let file = folder.appending(path: "model.safetensors")
                try safetensors(header, data: largest + largest).write(to: file)
                try WeightMap(folder: folder, layout: .transformers).checkFinite()
                try safetensors(header, data: largest + broken).write(to: file)
                let message = failure(.notFinite) { try WeightMap(folder: folder, layout: .transformers).checkFinite() }
                #expect(message.contains("1 of 2 in a of model.safetensors"), "\(message)")
            }
        }
    }
}

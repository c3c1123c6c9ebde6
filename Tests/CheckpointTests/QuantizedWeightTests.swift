import Checkpoint
import Foundation
import Tensor
import TestSupport
import Testing

/// A component's folder whose weights are quantised.
private struct QuantizedFolder {
    /// Type, shape and bytes, by name.
    var tensors: [(name: String, type: String, shape: [Int], bytes: [UInt8])] = []
    /// `quantization_config` of its config.json.
    var configuration: String?
    /// `quant_model_description.json`.
    var description: String?

    func map<Result>(_ body: (WeightMap) throws -> Result) throws -> Result {
        try withFolder { folder in
            var listed: [String] = [], data: [UInt8] = []
            for tensor in tensors {
                let range = [data.count, data.count + tensor.bytes.count]
                listed.append(#""\#(tensor.name)":{"dtype":"\#(tensor.type)","shape":\#(tensor.shape),"data_offsets":\#(range)}"#)
                data += tensor.bytes
            }
            try safetensors("{\(listed.joined(separator: ","))}", data: data).write(to: folder.appending(path: "model.safetensors"))
            if let configuration {
                try Data("{\"quantization_config\": \(configuration)}".utf8).write(to: folder.appending(path: "config.json"))
            }
            if let description { try Data(description.utf8).write(to: folder.appending(path: "quant_model_description.json")) }
            return try body(try WeightMap(folder: folder, layout: .transformers))
        }
    }

    static func bytes<T>(_ values: [T]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

    static let compressedTensors = """
        {"quant_method": "compressed-tensors", "format": "int-quantized", "quantization_status": "compressed", "kv_cache_scheme": null,
         "config_groups": {"group_0": {"targets": ["Linear"], "output_activations": null,
           "weights": {"num_bits": 8, "type": "int", "strategy": "channel", "symmetric": true, "dynamic": false, "group_size": null},
           "input_activations": {"num_bits": 8, "type": "int", "strategy": "token", "symmetric": true, "dynamic": true}}}, "ignore": ["lm_head"]}
        """
    static let autoRound = """
        {"quant_method": "auto-round", "bits": 4, "group_size": 8, "sym": true, "data_type": "int", "packing_format": "auto_round:auto_gptq"}
        """

    /// A weight `a.weight [2, 3]` of int8.
    static func int8(_ configuration: String? = compressedTensors, scales: [Float] = [0.5, 2], offset: [Float]? = nil) -> QuantizedFolder {
        var folder = QuantizedFolder(configuration: configuration)
        folder.tensors = [
            ("a.weight_scale", "F32", [2, 1], bytes(scales)), ("a.weight", "I8", [2, 3], bytes([1, -2, 127, -127, 0, 3] as [Int8])),
        ]
        if let offset { folder.tensors.insert(("a.weight_offset", "F32", [2, 1], bytes(offset)), at: 0) }
        return folder
    }

    /// A weight `a.weight [8, 16]` of int4: the nibble of output o and input i is (o + i) modulo 16, scales are 1 and 2 by group.
    static func int4(_ configuration: String = autoRound, zeros: Int32 = 0x7777_7777) -> QuantizedFolder {
        var words: [UInt32] = []
        for row in 0..<2 {
            for output in 0..<8 {
                var word: UInt32 = 0
                for input in 0..<8 { word |= UInt32((output + 8 * row + input) % 16) << UInt32(4 * input) }
                words.append(word)
            }
        }
        // 1 and 2 as f16.
        let scales = [UInt16](repeating: 0x3C00, count: 8) + [UInt16](repeating: 0x4000, count: 8)
        return QuantizedFolder(
            tensors: [
                ("a.qweight", "I32", [2, 8], bytes(words)), ("a.qzeros", "I32", [2, 1], bytes([zeros, zeros])),
                ("a.scales", "F16", [2, 8], bytes(scales)),
            ], configuration: configuration)
    }
}

@Suite struct QuantizedWeightTests {
    @Test("int8 weights are read where they lie, with a scale a row")
    func int8() throws {
        try QuantizedFolder.int8().map { weights in
            let matrix = try weights.takeMatrix("a.weight", 2, 3)
            #expect(matrix.elements.dtype == .i8 && matrix.elements.hostIntegers() == [1, -2, 127, -127, 0, 3])
            #expect(matrix.scales == [0.5, 2])
            try weights.finish()
        }
    }

    @Test("int8 without a configuration, without scales, or of another shape is refused with the tensor's name")
    func refusals() throws {
        let bare = QuantizedFolder.int8(nil)
        #expect(try bare.map { weights in failure(.unsupportedType) { _ = try weights.takeMatrix("a.weight", 2, 3) } }.contains("a.weight [2, 3]"))
        var lone = QuantizedFolder.int8()
        lone.tensors.removeFirst()
        #expect(try lone.map { weights in failure(.missingTensor) { _ = try weights.takeMatrix("a.weight", 2, 3) } }.contains("a.weight_scale"))
        try QuantizedFolder.int8().map { weights in
            failure(.shapeMismatch) { _ = try weights.takeMatrix("a.weight", 3, 2) }
            // What is no product's weight is never int8.
            failure(.unsupportedType) { _ = try weights.take("a.weight", [2, 3]) }
        }
        let infinite = QuantizedFolder.int8(scales: [0.5, .infinity])
        #expect(try infinite.map { weights in failure(.notFinite) { _ = try weights.takeMatrix("a.weight", 2, 3) } }.contains("a.weight_scale"))
    }

    @Test(
        "a method that is not read, or a variant of one, is refused by key and value when the weights are opened",
        arguments: [
            (#""compressed-tensors""#, #""awq""#, "quantization_config.quant_method: awq is not supported"),
            (#""compressed-tensors""#, #""gptq""#, "gptq"),
            (#""format": "int-quantized""#, #""format": "pack-quantized""#, "format: pack-quantized"),
            (#""num_bits": 8, "type": "int", "strategy": "channel""#, #""num_bits": 4, "type": "int", "strategy": "channel""#, "weights.num_bits: 4"),
            (#""strategy": "channel""#, #""strategy": "group""#, "weights.strategy: group"),
            (#""symmetric": true, "dynamic": false"#, #""symmetric": false, "dynamic": false"#, "weights.symmetric: false"),
            (#""group_size": null"#, #""group_size": 128"#, "weights.group_size: 128"),
            (#""dynamic": true"#, #""dynamic": false"#, "input_activations.dynamic: false"),
            (#""output_activations": null"#, #""format": "float-quantized""#, "float-quantized"),
            (#""kv_cache_scheme": null"#, #""transform_config": {"config_groups": {}}"#, "transform_config"),
            (#""num_bits": 8, "type": "int", "strategy": "channel""#, #""type": "int", "strategy": "channel""#, "num_bits is missing"),
        ])
    func methods(from: String, to: String, named: String) throws {
        #expect(QuantizedFolder.compressedTensors.contains(from))
        let folder = QuantizedFolder.int8(QuantizedFolder.compressedTensors.replacingOccurrences(of: from, with: to))
        #expect(failure(.invalidConfiguration) { try folder.map { _ in } }.contains(named))
    }

    @Test("what msModelSlim writes is read where it describes each tensor as a form that is known, and offsets are 0")
    func modelSlim() throws {
        func folder(_ type: String, offset: Float = 0) -> QuantizedFolder {
            var folder = QuantizedFolder.int8(nil, offset: [0, offset])
            folder.description =
                #"{"a.weight": "\#(type)", "a.weight_scale": "\#(type)", "a.weight_offset": "\#(type)", "group_size": 0, "version": "1.0.0"}"#
            return folder
        }
        for type in ["W8A8_DYNAMIC", "W8A16"] {
            try folder(type).map { weights in
                #expect(try weights.takeMatrix("a.weight", 2, 3).scales == [0.5, 2])
                try weights.finish()
            }
        }
        #expect(
            try folder("W8A16", offset: 1).map { weights in failure(.unsupportedType) { _ = try weights.takeMatrix("a.weight", 2, 3) } }
                .contains("a.weight_offset"))
        let refused = failure(.invalidConfiguration) { try folder("W4A8_DYNAMIC").map { _ in } }
        #expect(refused.contains("a.weight is W4A8_DYNAMIC") && refused.contains("W8A8_DYNAMIC"))
        var silent = folder("W8A16")
        silent.description = "{}"
        #expect(failure(.invalidConfiguration) { try silent.map { _ in } }.contains("says nothing of a.weight"))
    }

    @Test("AutoRound's int4 is (q − 8) · scale of its group, in bf16")
    func int4() throws {
        try QuantizedFolder.int4().map { weights in
            let matrix = try weights.takeMatrix("a.weight", 8, 16)
            #expect(matrix.elements.dtype == .bf16 && matrix.scales == nil)
            var expected: [Float] = []
            for output in 0..<8 {
                for input in 0..<16 {
                    let scale: Float = input < 8 ? 1 : 2
                    expected.append(Float((output + input) % 16 - 8) * scale)
                }
            }
            #expect(matrix.elements.hostFloats() == expected)
            try weights.finish()
        }
    }

    @Test("int4 of another width, not symmetric, or of another shape is refused")
    func int4Refusals() throws {
        for (from, to, named) in [("\"bits\": 4", "\"bits\": 8", "bits: 8"), ("true", "false", "sym: false"), ("8,", "7,", "group_size: 7")] {
            let folder = QuantizedFolder.int4(QuantizedFolder.autoRound.replacingOccurrences(of: from, with: to))
            #expect(failure(.invalidConfiguration) { try folder.map { _ in } }.contains(named))
        }
        let asymmetric = QuantizedFolder.int4(zeros: 0x7777_7776)
        #expect(try asymmetric.map { weights in failure(.unsupportedType) { _ = try weights.takeMatrix("a.weight", 8, 16) } }.contains("a.qzeros"))
        #expect(
            try QuantizedFolder.int4().map { weights in failure(.shapeMismatch) { _ = try weights.takeMatrix("a.weight", 8, 24) } }
                .contains("a.qweight"))
    }
}

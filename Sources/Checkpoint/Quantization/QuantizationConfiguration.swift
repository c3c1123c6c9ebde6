/// `quantization_config` of a component's `config.json`: which method made the weights, as far as we read it.
struct QuantizationConfiguration: Decodable {
    /// Nil: there is none.
    let method: WeightQuantization?

    private enum CodingKeys: String, CodingKey { case quantization = "quantization_config" }
    private enum MethodKeys: String, CodingKey { case method = "quant_method" }

    init(from decoder: any Decoder) throws {
        let file = try decoder.container(keyedBy: CodingKeys.self)
        guard file.contains(.quantization), try !file.decodeNil(forKey: .quantization) else {
            method = nil
            return
        }
        let values = try file.nestedContainer(keyedBy: MethodKeys.self, forKey: .quantization)
        switch try values.decode(String.self, forKey: .method) {
        case CompressedTensors.method:
            try file.decode(CompressedTensors.self, forKey: .quantization).check(file.codingPath + [CodingKeys.quantization])
            method = .int8
        case AutoRound.method:
            let settings = try file.decode(AutoRound.self, forKey: .quantization)
            try settings.check(file.codingPath + [CodingKeys.quantization])
            method = .autoRound(groupSize: settings.groupSize)
        case "ascend", "modelslim":
            method = .modelSlim
        case let other:
            throw DecodingError.dataCorruptedError(
                forKey: .method, in: values,
                debugDescription: "\(other) is not supported; there are \(CompressedTensors.method), \(AutoRound.method) and ascend")
        }
    }
}

/// What AutoRound says of its int4 weights.
struct AutoRound: Decodable {
    static let method = "auto-round"

    let bits: Int
    let groupSize: Int
    let isSymmetric: Bool
    let type: String?
    let packing: String

    private enum CodingKeys: String, CodingKey {
        case bits
        case groupSize = "group_size"
        case isSymmetric = "sym"
        case type = "data_type"
        case packing = "packing_format"
    }

    func check(_ path: [any CodingKey]) throws {
        func expect(_ isExpected: Bool, _ key: CodingKeys, _ value: Any, _ expected: String) throws {
            guard !isExpected else { return }
            throw DecodingError.dataCorrupted(.init(codingPath: path + [key], debugDescription: "\(value) is not supported, should be \(expected)"))
        }
        try expect(bits == 4, .bits, bits, "4")
        try expect(groupSize > 0 && groupSize % 8 == 0, .groupSize, groupSize, "a positive multiple of 8")
        try expect(isSymmetric, .isSymmetric, isSymmetric, "true")
        try expect(type ?? "int" == "int", .type, type ?? "", "int")
        try expect(["auto_round:auto_gptq", "auto_gptq"].contains(packing), .packing, packing, "auto_round:auto_gptq")
    }
}

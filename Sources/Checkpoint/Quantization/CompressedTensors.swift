/// `quantization_config` of the library compressed-tensors, as far as it says that weights are int8 with a scale a row: its form
/// `int-quantized` with the strategy `channel`. Keys as in published checkpoints of that library.
///
/// What it says of activations is for others: here a device chooses how it multiplies int8 weights.
package struct CompressedTensors: Codable {
    static let method = "compressed-tensors"
    static let format = "int-quantized"

    struct Arguments: Codable {
        var bits: Int
        var type: String
        var strategy: String
        var isSymmetric: Bool
        /// Scales are computed when the values are known, of activations token by token.
        var isDynamic: Bool
        /// -1, as some write it, is none.
        var groupSize: Int?

        enum CodingKeys: String, CodingKey {
            case type, strategy
            case bits = "num_bits"
            case isSymmetric = "symmetric"
            case isDynamic = "dynamic"
            case groupSize = "group_size"
        }
    }

    struct Group: Codable {
        var targets: [String]
        var weights: Arguments
        var inputs: Arguments?
        var outputs: Arguments?
        var format: String?

        enum CodingKeys: String, CodingKey {
            case targets, weights, format
            case inputs = "input_activations"
            case outputs = "output_activations"
        }
    }

    private var quantMethod = Self.method
    private var format = Self.format
    private var status: String? = "compressed"
    private var groups: [String: Group]
    /// Modules whose weights are as they were.
    private var ignore: [String]?
    private var keysAndValues: Arguments?

    enum CodingKeys: String, CodingKey {
        case format, ignore
        case quantMethod = "quant_method"
        case status = "quantization_status"
        case groups = "config_groups"
        case keysAndValues = "kv_cache_scheme"
        // Are not written; with one of these the weights are not what they seem.
        case transforms = "transform_config"
        case sparsity = "sparsity_config"
    }

    /// All linear modules but those in `ignore` have int8 weights.
    package init(ignore: [String]) {
        groups = [
            "group_0": Group(
                targets: ["Linear"], weights: Arguments(bits: 8, type: "int", strategy: "channel", isSymmetric: true, isDynamic: false),
                // vLLM knows this form with activations that are quantised token by token alone.
                inputs: Arguments(bits: 8, type: "int", strategy: "token", isSymmetric: true, isDynamic: true), format: Self.format)
        ]
        self.ignore = ignore
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        for key in [CodingKeys.transforms, .sparsity] where try values.contains(key) && !Self.isEmpty(values, key) {
            throw DecodingError.dataCorruptedError(forKey: key, in: values, debugDescription: "is not supported")
        }
        quantMethod = try values.decode(String.self, forKey: .quantMethod)
        format = try values.decode(String.self, forKey: .format)
        status = try values.decodeIfPresent(String.self, forKey: .status)
        groups = try values.decode([String: Group].self, forKey: .groups)
        ignore = try values.decodeIfPresent([String].self, forKey: .ignore)
        keysAndValues = try values.decodeIfPresent(Arguments.self, forKey: .keysAndValues)
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(quantMethod, forKey: .quantMethod)
        try values.encode(format, forKey: .format)
        try values.encode(status, forKey: .status)
        try values.encode(groups, forKey: .groups)
        try values.encode(ignore, forKey: .ignore)
        try values.encode(keysAndValues, forKey: .keysAndValues)
    }

    /// Null or an object without keys.
    private static func isEmpty(_ values: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys) throws -> Bool {
        if try values.decodeNil(forKey: key) { return true }
        return try values.nestedContainer(keyedBy: AnyKey.self, forKey: key).allKeys.isEmpty
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }

    /// Refuses all that isn't ``WeightQuantization/int8``.
    func check(_ path: [any CodingKey]) throws {
        func refuse(_ keys: [String], _ value: String, _ expected: String) -> DecodingError {
            let keys = keys.compactMap { AnyKey(stringValue: $0) }
            return .dataCorrupted(.init(codingPath: path + keys, debugDescription: "\(value) is not supported, should be \(expected)"))
        }
        guard format == Self.format else { throw refuse(["format"], format, Self.format) }
        guard status ?? "compressed" == "compressed" else { throw refuse(["quantization_status"], status ?? "", "compressed") }
        guard keysAndValues == nil else { throw refuse(["kv_cache_scheme"], "an object", "null") }
        guard !groups.isEmpty else { throw refuse(["config_groups"], "an empty object", "one group or more") }
        for (name, group) in groups.sorted(by: { $0.key < $1.key }) {
            func expect(_ isExpected: Bool, _ keys: [String], _ value: String, _ expected: String) throws {
                if !isExpected { throw refuse(["config_groups", name] + keys, value, expected) }
            }
            let weights = group.weights
            try expect(group.format ?? Self.format == Self.format, ["format"], group.format ?? "", Self.format)
            try expect(weights.bits == 8, ["weights", "num_bits"], "\(weights.bits)", "8")
            try expect(weights.type == "int", ["weights", "type"], weights.type, "int")
            try expect(weights.strategy == "channel", ["weights", "strategy"], weights.strategy, "channel")
            try expect(weights.isSymmetric, ["weights", "symmetric"], "false", "true")
            try expect(!weights.isDynamic, ["weights", "dynamic"], "true", "false")
            try expect(weights.groupSize ?? -1 == -1, ["weights", "group_size"], "\(weights.groupSize ?? 0)", "null")
            try expect(group.inputs?.isDynamic ?? true, ["input_activations", "dynamic"], "false", "true")
            try expect(group.outputs == nil, ["output_activations"], "an object", "null")
        }
    }
}

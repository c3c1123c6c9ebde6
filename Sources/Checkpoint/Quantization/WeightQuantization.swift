import Foundation

/// How a component stores the weights of its products where they are not plain floating-point numbers. Its other weights always are.
package enum WeightQuantization: Sendable, Hashable, CustomStringConvertible {
    /// Not at all.
    case none
    /// `L.weight` int8 `[out, in]` and `L.weight_scale [out, 1]`: a weight is its element times its row's scale. The form that
    /// compressed-tensors calls int-quantized.
    case int8
    /// The same as msModelSlim writes it (W8A8_DYNAMIC, W8A16): beside them `L.weight_offset [out, 1]`, which must be 0.
    case modelSlim
    /// AutoRound's int4 in GPTQ's packing; see ``Int4Weight``. The inputs of a row have one scale for each `groupSize` of them.
    case autoRound(groupSize: Int)

    /// Reads what the component's `config.json`, and the description that msModelSlim writes, say.
    /// - Parameter names: all tensors of the component.
    /// - Throws: `invalidConfiguration`, naming file and key, for a method or a variant of one that is not read: such weights are never
    ///   taken for others.
    init(of folder: URL, names: some Sequence<String>) throws(CheckpointError) {
        let file = folder.appendingPathComponent("config.json")
        let method = try CheckpointFile.exists(file) ? JSONFile.decode(QuantizationConfiguration.self, file).method : nil
        if let description = try ModelSlimDescription(of: folder) {
            try description.check(names)
            guard method == nil || method == .modelSlim else {
                throw CheckpointError(
                    .invalidConfiguration, "\(file.path) says \(method ?? .none), but \(ModelSlimDescription.fileName) is beside it")
            }
            self = .modelSlim
        } else {
            guard method != .modelSlim else {
                throw CheckpointError(.missingFile, "\(file.path) says msModelSlim, whose \(ModelSlimDescription.fileName) is missing")
            }
            self = method ?? .none
        }
    }

    package var description: String {
        switch self {
        case .none: "none"
        case .int8: "int8 with a scale a row (compressed-tensors)"
        case .modelSlim: "int8 with a scale a row (msModelSlim)"
        case .autoRound(let groupSize): "int4 with a scale for \(groupSize) inputs (AutoRound), read as bf16"
        }
    }
}

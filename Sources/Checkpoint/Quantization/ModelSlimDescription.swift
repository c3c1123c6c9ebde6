import Foundation

/// `quant_model_description.json`, in which msModelSlim says of each tensor how it is stored: `FLOAT`, `W8A8_DYNAMIC`, …
struct ModelSlimDescription {
    static let fileName = "quant_model_description.json"

    /// How the tensors that we read are stored.
    private static let known: Set<String> = ["FLOAT", "W8A8_DYNAMIC", "W8A16"]
    /// Beside the tensors: what quantises more than weights. With any of these the model is another.
    private static let unknown = ["kv_cache_type", "kv_quant_type", "fa_quant_type"]

    private let path: String
    private let values: [String: String]

    /// Nil where the folder has none.
    /// - Throws: `unreadable`, `malformed` or `invalidConfiguration`, naming the file.
    init?(of folder: URL) throws(CheckpointError) {
        let file = folder.appendingPathComponent(Self.fileName)
        guard try CheckpointFile.exists(file) else { return nil }
        path = file.path
        values = try JSONFile.decode([String: Value].self, file).compactMapValues(\.text)
    }

    /// Keys that are no tensors hold objects and numbers too.
    private struct Value: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws { text = try? decoder.singleValueContainer().decode(String.self) }
    }

    /// - Throws: `invalidConfiguration` where a tensor is stored in a way that is not read, or is not described.
    func check(_ names: some Sequence<String>) throws(CheckpointError) {
        for name in names.sorted() {
            guard let type = values[name] else { throw CheckpointError(.invalidConfiguration, "\(path) says nothing of \(name)") }
            guard Self.known.contains(type) else {
                throw CheckpointError(
                    .invalidConfiguration,
                    "\(path): \(name) is \(type), which is not supported; there are \(Self.known.sorted().joined(separator: ", "))")
            }
        }
        for key in Self.unknown {
            guard let value = values[key], !["", "FLOAT", "None"].contains(value) else { continue }
            throw CheckpointError(.invalidConfiguration, "\(path): \(key) is \(value), which is not supported")
        }
    }
}

import Foundation

// Why a folder's weights can't be read: what is there in their place.

extension WeightLayout {
    func missing(from folder: URL) -> CheckpointError {
        CheckpointError(.missingFile, "\(folder.path) \(reason(folder))")
    }

    private func reason(_ folder: URL) -> String {
        guard let listed = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else { return "is missing" }
        let names = listed.filter { !$0.hasPrefix("._") }.sorted()
        let wanted = "\(fileName) or \(indexName)"
        if let name = names.first(where: { $0.hasSuffix(".incomplete") }) ?? unfinishedDownload(folder) {
            return "has no \(wanted): its download is not finished, \(name) is left of it"
        }
        if let name = names.first(where: { $0.hasPrefix("\(stem)-") && $0.hasSuffix(".safetensors") }) {
            return "has shards such as \(name), but no \(indexName), which says what they hold"
        }
        if let name = names.first(where: isVariant) {
            return "has no \(wanted), only the variant \(name); variants are not read, save the model without one"
        }
        if let name = names.first(where: isOfAnotherFormat) {
            return "has no \(wanted), only \(name), a format that is not read; save the model as safetensors"
        }
        return "has neither \(fileName) nor \(indexName)"
    }

    /// `model.fp16.safetensors`, `model.fp16-00001-of-00002.safetensors`, `model.safetensors.index.fp16.json`
    private func isVariant(_ name: String) -> Bool {
        name.hasPrefix("\(stem).") && (name.hasSuffix(".safetensors") || name.contains(".index.")) && name != fileName && name != indexName
    }

    /// How the names of weights end in formats that are not read.
    static let otherFormats = [".bin", ".bin.index.json", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".gguf", ".onnx"]

    private func isOfAnotherFormat(_ name: String) -> Bool { Self.otherFormats.contains(where: name.hasSuffix) }

    /// Where the Hugging Face client collects what it downloads into a folder of the user's choice: this one, or the one around it.
    private func unfinishedDownload(_ folder: URL) -> String? {
        let downloads = ".cache/huggingface/download"
        let places = [
            folder.appendingPathComponent(downloads),
            folder.deletingLastPathComponent().appendingPathComponent("\(downloads)/\(folder.lastPathComponent)"),
        ]
        for place in places {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
            if let name = names.filter({ $0.hasSuffix(".incomplete") }).min() { return place.appendingPathComponent(name).path }
        }
        return nil
    }
}

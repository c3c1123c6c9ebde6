public import Checkpoint
import Domain
import Files
public import Foundation
import ModelConfiguration

/// Writes a checkpoint whose products have int8 weights, in the same layout: `glm quantize`.
///
/// Works through the shards one after another in blocks of rows, so that memory is bounded whatever the checkpoint's size; what was read and
/// written is the system's to drop. The new folder is complete and checked, or not there.
public struct CheckpointQuantizer {
    /// How far it has come, in bytes of the model's weights.
    public struct Progress: Sendable {
        public enum Phase: String, Sendable { case quantize, check }
        public let phase: Phase
        public let done, total: Int
    }

    /// What was made and checked.
    public struct Summary: Sendable {
        /// Of the components whose products are quantised.
        public internal(set) var quantizedTensors = 0, copiedTensors = 0
        /// All others.
        public internal(set) var copiedFiles = 0
        /// Of all weights, before and after.
        public internal(set) var sourceBytes = 0, bytes = 0
    }

    private let model: ModelFolder
    private let output: String
    /// Components whose weights change.
    private let parts: [Part]
    /// All that is copied: the weights of other components, and what is beside weights.
    private let copiedWeights, otherFiles: [URL]
    private let progress: (Progress) -> Void
    private let checkCancellation: () throws -> Void

    /// The weights of a component that has products to quantise.
    struct Part {
        let part: CheckpointPart
        let files: ModelFolder.WeightFiles
        let layouts: [ShardLayout]
        let sourceBytes: Int
    }

    /// Reads the headers of all weights; makes nothing.
    /// - Parameters:
    ///   - output: the new folder.
    ///   - progress: called after each block.
    ///   - checkCancellation: called before each block; what it throws ends the work.
    /// - Throws: `CheckpointError` for a checkpoint that can't be read, is quantised, or has nothing to quantise; `QuantizationError` for a
    ///   folder inside the model's.
    public init(
        model: ModelFolder, output: URL, progress: @escaping (Progress) -> Void = { _ in }, checkCancellation: @escaping () throws -> Void = {}
    ) throws {
        self.model = model
        self.output = output.standardizedFileURL.path
        self.progress = progress
        self.checkCancellation = checkCancellation
        try Self.check(output: self.output, isOutside: model.url)
        var parts: [Part] = [], copiedWeights: [URL] = []
        for name in model.weightComponents {
            let (part, files) = (try Self.part(name, model), try model.weightFiles(name))
            if part.hasQuantizableProducts {
                parts.append(try Self.plan(part, files, model))
            } else {
                copiedWeights += files.shards + (files.index.map { [$0] } ?? [])
            }
        }
        (self.parts, self.copiedWeights) = (parts, copiedWeights)
        otherFiles = try model.otherFiles()
    }

    private static func check(output: String, isOutside model: URL) throws {
        let place = URL(fileURLWithPath: output)
        let folder = place.deletingLastPathComponent().resolvingSymlinksInPath().appendingPathComponent(place.lastPathComponent).pathComponents
        guard !folder.starts(with: model.resolvingSymlinksInPath().pathComponents) else {
            throw QuantizationError("\(output) lies inside the model's folder \(model.path)")
        }
    }

    private static func part(_ name: String, _ model: ModelFolder) throws -> CheckpointPart {
        guard let part = CheckpointPart(rawValue: name) else { preconditionFailure("\(name) is no part of a checkpoint") }
        let stored = try model.weights(name).quantization
        guard stored == .none else {
            throw CheckpointError(.invalidConfiguration, "\(model.component(name).path) is quantised already: \(stored)")
        }
        return part
    }

    private static func plan(_ part: CheckpointPart, _ files: ModelFolder.WeightFiles, _ model: ModelFolder) throws -> Part {
        let shards = try files.shards.map { try SafetensorsFile($0) }
        let layouts = try shards.map { try ShardLayout($0, part: part) }
        guard layouts.contains(where: \.isQuantized) else {
            throw CheckpointError(.missingTensor, "\(model.component(part.rawValue).path) has none of the weights that are quantised")
        }
        return Part(part: part, files: files, layouts: layouts, sourceBytes: shards.reduce(0) { $0 + $1.entries.reduce(0) { $0 + $1.byteCount } })
    }

    /// Makes the new checkpoint, reads it back, and puts it in its place. Whatever is thrown, nothing is left of it.
    /// - Throws: `CheckpointError`, `FileError`, `QuantizationError`, and what `checkCancellation` throws.
    public func run() throws -> Summary {
        let folder = try OutputFolder(output)
        do {
            let summary = try write(folder)
            try folder.complete()
            return summary
        } catch {
            folder.discard()
            throw error
        }
    }

    private func write(_ folder: OutputFolder) throws -> Summary {
        let copied = try copiedWeights.reduce(0) { $0 + (try $1.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0) }
        let changed = parts.reduce(0) { $0 + $1.sourceBytes }
        var summary = Summary()
        summary.sourceBytes = changed + copied
        summary.bytes = parts.reduce(copied) { $0 + $1.layouts.reduce(0) { $0 + $1.byteCount } }
        if let free = folder.freeBytes, free < summary.bytes {
            throw QuantizationError("\(output) takes \(ByteCount(summary.bytes)), and its file system has \(ByteCount(free)) left")
        }
        let target = URL(fileURLWithPath: folder.partial, isDirectory: true)
        for file in otherFiles + copiedWeights { try copy(file, into: target) }
        summary.copiedFiles = otherFiles.count + copiedWeights.count
        var writing = Step(.quantize, total: changed, report: progress, check: checkCancellation)
        for part in parts { try PartWriter(part, target: target).write(&writing) }
        var checking = Step(.check, total: changed, report: progress, check: checkCancellation)
        let written = try ModelFolder(target)
        for part in parts {
            let counts = try PartCheck(part, written: written).run(&checking)
            summary.quantizedTensors += counts.quantized
            summary.copiedTensors += counts.copied
        }
        return summary
    }

    /// A file as it is; of a component whose weights change its `config.json` says so.
    private func copy(_ file: URL, into target: URL) throws {
        let folders = file.deletingLastPathComponent().standardizedFileURL.pathComponents
        let component = folders.dropFirst(model.url.standardizedFileURL.pathComponents.count).joined(separator: "/")
        let folder = component.isEmpty ? target : target.appendingPathComponent(component, isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let copy = folder.appendingPathComponent(file.lastPathComponent)
        if file.lastPathComponent == "config.json", let part = parts.first(where: { $0.part.rawValue == component }) {
            try FileCopy.write(try QuantizedConfiguration.text(of: file, part), to: copy)
        } else {
            try FileCopy.copy(file, to: copy, checkCancellation)
        }
    }
}

/// Why a checkpoint is not quantised.
public struct QuantizationError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

import Checkpoint
import Foundation
import Imaging
import Domain
import Tensor
import GLMImage

/// Inputs and outputs of each part of the model as the reference implementation computed them: `glm-reference/1`.
struct ReferenceFile {
    enum Task: String, CaseIterable {
        case textToImage = "text-to-image"
        case imageToImage = "image-to-image"
        case visualQuestion = "visual-question"

        /// Of the models that the task is for.
        var pipeline: ModelPipeline { self == .visualQuestion ? .answer : .image }
    }

    let task: Task
    private let file: SafetensorsFile

    init(_ url: URL) throws {
        file = try SafetensorsFile(url)
        let format = file.metadata["format"] ?? "none"
        guard format == "glm-reference/1" else {
            throw VerificationError("\(url.lastPathComponent): format is \(format), expected glm-reference/1")
        }
        let task = file.metadata["task"] ?? "none"
        guard let known = Task(rawValue: task) else {
            let names = Task.allCases.map(\.rawValue).joined(separator: ", ")
            throw VerificationError("\(url.lastPathComponent): task \(task) is none of \(names)")
        }
        self.task = known
    }

    func has(_ name: String) -> Bool { file.entry(name) != nil }
    func shape(_ name: String) throws -> [Int] { try entry(name).shape }

    func floats(_ name: String) throws -> [Float] {
        let tensor = try tensor(name)
        guard tensor.dtype.isFloatingPoint else { throw VerificationError("\(name) is \(tensor.dtype), expected floating-point numbers") }
        return tensor.hostFloats()
    }

    func integers(_ name: String) throws -> [Int] {
        let tensor = try tensor(name)
        guard !tensor.dtype.isFloatingPoint else { throw VerificationError("\(name) is \(tensor.dtype), expected whole numbers") }
        return tensor.hostIntegers()
    }

    /// Whole numbers that index a table of `limit` entries.
    func indices(_ name: String, below limit: Int) throws -> [Int32] {
        try integers(name).map { value in
            guard value >= 0, value < limit else { throw VerificationError("\(name) holds \(value), which is not below \(limit)") }
            return Int32(value)
        }
    }

    /// The picture's extents in pixels.
    func size() throws -> (height: Int, width: Int) {
        let size = (height: try number("height", Int.self), width: try number("width", Int.self))
        try RequestLimits.checkSize(height: size.height, width: size.width)
        return size
    }

    /// Denoising steps.
    func steps() throws -> Int {
        let steps = try number("steps", Int.self)
        guard (1...1000).contains(steps) else { throw VerificationError("metadata steps is \(steps), outside 1 through 1000") }
        return steps
    }

    func hasText(_ key: String) -> Bool { file.metadata[key] != nil }

    func text(_ key: String) throws -> String {
        guard let value = file.metadata[key] else { throw VerificationError("metadata has no \(key)") }
        return value
    }

    func number<T: LosslessStringConvertible>(_ key: String, _ type: T.Type = T.self) throws -> T {
        let value = try text(key)
        guard let number = T(value) else { throw VerificationError("metadata \(key) is \(value), not a number") }
        return number
    }

    func picture(_ name: String) throws -> RGBImage {
        let shape = try shape(name)
        guard shape.count == 3, shape[2] == 3 else { throw VerificationError("\(name) has shape \(shape), expected [height, width, 3]") }
        return RGBImage(width: shape[1], height: shape[0], pixels: try integers(name).map { UInt8(clamping: $0) })
    }

    /// The source images, in order.
    func sources() throws -> [RGBImage] {
        var images: [RGBImage] = []
        while has("processor.image.\(images.count)") { images.append(try picture("processor.image.\(images.count)")) }
        return images
    }

    /// The grids of the source images, and those to generate in the order they are generated.
    func grids() throws -> (sources: [GridSize], targets: [GridSize]) {
        let grids = try grids(to: 4096)
        let targets = task == .textToImage ? 2 : 1
        guard grids.count >= targets else { throw VerificationError("processor.image_grid_thw has \(grids.count) grids") }
        return (Array(grids.dropLast(targets)), grids.suffix(targets).reversed())
    }

    /// All grids of the file, each of one frame.
    /// - Parameter most: bound of an extent.
    func grids(to most: Int) throws -> [GridSize] {
        let values = try integers("processor.image_grid_thw")
        guard values.count % 3 == 0, values.allSatisfy({ (1...most).contains($0) }) else {
            throw VerificationError("processor.image_grid_thw holds extents outside 1 through \(most), or not three a grid")
        }
        return try stride(from: 0, to: values.count, by: 3).map {
            guard values[$0] == 1 else {
                throw VerificationError("processor.image_grid_thw holds \(values[$0]) frames of an image, which is a video")
            }
            return GridSize(height: values[$0 + 1], width: values[$0 + 2])
        }
    }

    private func tensor(_ name: String) throws -> Tensor {
        _ = try entry(name)
        return try file.tensor(name)
    }

    private func entry(_ name: String) throws -> TensorEntry {
        guard let entry = file.entry(name) else { throw VerificationError("\(name) is not in the reference") }
        return entry
    }
}

/// Why a part could not be compared at all.
struct VerificationError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

import ArgumentParser
import Domain
import Files
import Foundation
import Wire

/// Where pictures go, and in which format: a file's ending says it; what has none, as a pipe, gets PNG.
struct OutputFile {
    let target: OutputTarget
    let format: ImageFormat

    var path: String { target.path }

    private init(target: OutputTarget, format: ImageFormat) {
        self.target = target
        self.format = format
    }

    /// - Throws: `ValidationError` for an ending that is no format's.
    init(_ path: String) throws {
        target = OutputTarget(path)
        switch (path as NSString).pathExtension.lowercased() {
        case "png": format = .png
        case "jpg", "jpeg": format = .jpeg
        case "webp": format = .webp
        default:
            guard target.isStream else { throw ValidationError("\(path) ends in none of .png, .jpg, .jpeg and .webp") }
            format = .png
        }
    }

    /// The name of one picture of several: `-1`, `-2`, … before the ending.
    func numbered(_ index: Int, of count: Int) -> OutputFile {
        guard count > 1 else { return self }
        let name = path as NSString
        return OutputFile(target: OutputTarget("\(name.deletingPathExtension)-\(index + 1).\(name.pathExtension)"), format: format)
    }

    /// Where a smaller image is put that is shown while the picture is made, in the picture's format: `.preview-1`, … before the ending.
    func preview(_ index: Int) -> OutputTarget {
        let name = path as NSString
        return OutputTarget("\(name.deletingPathExtension).preview-\(index + 1).\(name.pathExtension)")
    }

    /// - Parameter keepsCopy: a picture that can't be written is kept in the temporary folder, and the error says where: it took long to make.
    func write(_ picture: [UInt8], keepsCopy: Bool) throws {
        do {
            try target.write(picture)
        } catch {
            // Whoever read it has left.
            if error.code == EPIPE { throw ExitCode.failure }
            guard keepsCopy, let copy = keep(picture) else { throw ClientError(error.description) }
            throw ClientError("\(error); the picture is in \(copy)")
        }
    }

    private func keep(_ picture: [UInt8]) -> String? {
        let folder = FileManager.default.temporaryDirectory.path
        let copy = OutputTarget("\(folder)/glm-\(RequestID.make()).\(format.rawValue)")
        return (try? copy.write(picture)) == nil ? nil : copy.path
    }
}

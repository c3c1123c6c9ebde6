import ArgumentParser
import Foundation
import Domain

/// Where pictures go: a file's name says the format.
struct OutputFile {
    let path: String
    let format: ImageFormat

    var isStandardOutput: Bool { path == "-" }

    /// - Throws: `ValidationError` for an ending that is no format's.
    init(_ path: String) throws {
        self.path = path
        if path == "-" {
            format = .png
            return
        }
        switch (path as NSString).pathExtension.lowercased() {
        case "png": format = .png
        case "jpg", "jpeg": format = .jpeg
        case "webp": format = .webp
        default: throw ValidationError("\(path) ends in none of .png, .jpg, .jpeg and .webp")
        }
    }

    /// Refuses a folder that can't be written to, before any work.
    func check() throws {
        guard !isStandardOutput else { return }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw ClientError("\(path): there is no folder \(folder)")
        }
        guard access(folder, W_OK | X_OK) == 0 else { throw ClientError("\(path): the folder \(folder) can't be written to") }
        guard !FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) || !isFolder.boolValue else {
            throw ClientError("\(path) is a folder")
        }
    }

    /// The name of one picture of several: `-1`, `-2`, … before the ending.
    func numbered(_ index: Int, of count: Int) -> OutputFile {
        guard count > 1 else { return self }
        let name = path as NSString
        return OutputFile(path: "\(name.deletingPathExtension)-\(index + 1).\(name.pathExtension)", format: format)
    }

    /// The whole picture or nothing: it is written beside its place and then moved there.
    func write(_ bytes: [UInt8]) throws {
        guard !isStandardOutput else { return try Self.write(bytes, to: STDOUT_FILENO, "standard output") }
        let target = URL(fileURLWithPath: path)
        let beside = target.deletingLastPathComponent().appendingPathComponent(".\(target.lastPathComponent).XXXXXX").path
        let name = strdup(beside)!
        defer { free(name) }
        let descriptor = mkstemp(name)
        guard descriptor >= 0 else { throw ClientError("\(path) can't be written: \(String(cString: strerror(errno)))") }
        do {
            defer { close(descriptor) }
            // As a file of ours would be: mkstemp keeps it from others.
            let mask = umask(0)
            umask(mask)
            fchmod(descriptor, 0o666 & ~mask)
            try Self.write(bytes, to: descriptor, path)
        } catch {
            unlink(name)
            throw error
        }
        guard rename(name, path) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(name)
            throw ClientError("\(path) can't be written: \(reason)")
        }
    }

    private init(path: String, format: ImageFormat) {
        self.path = path
        self.format = format
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, _ name: String) throws {
        try bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw ClientError("\(name) can't be written: \(String(cString: strerror(errno)))") }
                rest = rest.dropFirst(count)
            }
        }
    }
}

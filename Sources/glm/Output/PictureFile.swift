import ArgumentParser
import Domain
import Files
import Imaging

/// Reads a picture that goes into a request, and refuses what is none before anything is started for it.
/// - Parameter path: `-` is standard input.
/// - Throws: `FileError`, or `ClientError` that names the file.
func readPicture(_ path: String) throws -> [UInt8] {
    let bytes = try InputFile.read(path, limit: RequestLimits.maximumImageBytes)
    do { _ = try ImageHeader(bytes) } catch { throw ClientError("\(path): \(error)") }
    return bytes
}

/// - Throws: `ValidationError` where standard input is named for several images: it holds one.
func checkPictures(_ paths: some Collection<String>) throws {
    guard paths.count(where: InputFile.isStandardInput) <= 1 else {
        throw ValidationError("standard input is named for several pictures; it holds one")
    }
}

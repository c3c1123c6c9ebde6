import Checkpoint
import Foundation
import TestSupport
import Testing

let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")

/// A copy of a checkpoint for a test that changes it.
func withModel<Result>(_ name: String = "tiny-f32", _ body: (URL) throws -> Result) throws -> Result {
    try withFolder { folder in
        let copy = folder.appending(path: "model", directoryHint: .isDirectory)
        try FileManager.default.copyItem(at: fixtures.appending(path: name), to: copy)
        return try body(copy)
    }
}

/// What Git leaves of a file of weights where Git LFS is not installed.
let lfsPointer = Data("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32\nsize 12345\n".utf8)

/// A safetensors file's bytes; `headerLength` other than the header's own makes it lie.
func safetensors(_ header: String, data: [UInt8], headerLength: UInt64? = nil) -> Data {
    safetensorsHead(Data(header.utf8), length: headerLength) + Data(data)
}

/// Opens a file with these bytes.
func open(_ bytes: Data) throws -> SafetensorsFile {
    try withFolder { folder in
        let url = folder.appending(path: "file.safetensors")
        try bytes.write(to: url)
        return try SafetensorsFile(url)
    }
}

/// The error of a body that must fail with this code.
@discardableResult
func failure(_ code: CheckpointError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) -> String {
    do {
        try body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        return ""
    } catch let error as CheckpointError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        return error.message
    } catch {
        Issue.record("\(error)", sourceLocation: sourceLocation)
        return ""
    }
}

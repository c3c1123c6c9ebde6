public import Foundation

/// A folder of its own for a test that writes files; removed after `body`.
public func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "glm-test-\(UUID().uuidString)", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}

/// How a safetensors file begins: its header, in front of which is its length.
/// - Parameter length: what the file says of it; nil: the truth.
public func safetensorsHead(_ header: Data, length: UInt64? = nil) -> Data {
    withUnsafeBytes(of: (length ?? UInt64(header.count)).littleEndian) { Data($0) } + header
}

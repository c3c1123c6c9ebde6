public import Foundation
public import Tensor

/// One `.safetensors` file, mapped into memory.
///
/// The header is checked as a whole before anything is used: it lies within the file and under `maximumHeaderByteCount`, its
/// JSON is well-formed with no name twice, and the tensors lie one after the other, each as long as its shape and type say,
/// from the header's end to the file's end. Types that we don't compute with may be listed; they are refused when asked for.
public final class SafetensorsFile: Sendable {
    /// The format's own limit, so that a lying length can't make us parse gigabytes.
    public static let maximumHeaderByteCount = 100_000_000

    public let url: URL
    public let metadata: [String: String]
    /// Every tensor in the order of the file's bytes.
    public let entries: [TensorEntry]
    private let indices: [String: Int]
    private let storage: Storage

    /// - Throws: `missingFile`, `unreadable` or `malformed`.
    public init(_ url: URL) throws(CheckpointError) {
        let storage = try FileMap.map(url)
        let header = try SafetensorsHeader(UnsafeRawBufferPointer(start: storage.address, count: storage.byteCount), path: url.path)
        self.url = url
        self.storage = storage
        self.metadata = header.metadata
        self.entries = header.entries
        self.indices = Dictionary(uniqueKeysWithValues: header.entries.enumerated().map { ($1.name, $0) })
    }

    public var names: [String] { entries.map(\.name) }

    public func entry(_ name: String) -> TensorEntry? { indices[name].map { entries[$0] } }

    /// The bytes of an entry of this file, of whatever type.
    package func withBytes<Result, Failure>(
        of entry: TensorEntry, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: storage.address + entry.byteOffset, count: entry.byteCount))
    }

    /// The tensor `name` as a view of the file's map; a copy if the file doesn't align it to its elements. Extents over
    /// ``Shape/maximumRank`` are folded into the last: the kernel `[out, in, frames, rows, columns]` has the shape
    /// `[out, in, frames, rows · columns]`.
    /// - Throws: `missingTensor`; `unsupportedType` for a type that we don't compute with.
    public func tensor(_ name: String) throws(CheckpointError) -> Tensor {
        guard let entry = entry(name) else { throw CheckpointError(.missingTensor, "\(name) is not in \(url.path)") }
        guard let dtype = entry.dtype else {
            throw CheckpointError(.unsupportedType, "\(name) in \(url.path) has the type \(entry.type), which we can't compute with")
        }
        let last = entry.shape.dropFirst(Shape.maximumRank - 1)
        let shape = Shape(entry.shape.prefix(Shape.maximumRank - 1) + (last.isEmpty ? [] : [last.reduce(1, *)]))
        let source = storage.address + entry.byteOffset
        guard UInt(bitPattern: source) % UInt(dtype.byteCount) != 0 else {
            return Tensor(storage: storage, byteOffset: entry.byteOffset, dtype: dtype, shape: shape)
        }
        let copy = UnsafeMutableRawPointer.allocate(byteCount: entry.byteCount, alignment: 64)
        copy.copyMemory(from: source, byteCount: entry.byteCount)
        return Tensor(storage: Storage(address: copy, byteCount: entry.byteCount) { $0.deallocate() }, dtype: dtype, shape: shape)
    }
}

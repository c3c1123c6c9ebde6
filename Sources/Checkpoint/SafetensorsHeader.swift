/// A safetensors header after every check of the format.
struct SafetensorsHeader {
    let metadata: [String: String]
    /// In the order of the file's bytes.
    let entries: [TensorEntry]

    /// - Parameter file: the whole file's bytes.
    init(_ file: UnsafeRawBufferPointer, path: String) throws(CheckpointError) {
        func malformed(_ message: String) -> CheckpointError { CheckpointError(.malformed, "\(path): \(message)") }

        guard file.count >= 8 else { throw malformed("\(file.count) bytes are no safetensors file; the shortest has 8") }
        let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(SafetensorsFile.maximumHeaderByteCount) else {
            throw malformed("a header of \(length) bytes; the limit is \(SafetensorsFile.maximumHeaderByteCount)")
        }
        guard Int(length) <= file.count - 8 else { throw malformed("a header of \(length) bytes in a file of \(file.count)") }
        let dataStart = 8 + Int(length)
        let dataCount = file.count - dataStart

        var scanner = HeaderScanner(UnsafeRawBufferPointer(rebasing: file[8..<dataStart]))
        var listed: (metadata: [String: String], tensors: [HeaderScanner.Tensor])
        do {
            listed = try scanner.header()
        } catch {
            throw malformed("\(error.message) (byte \(error.position) of the header)")
        }
        listed.tensors.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }

        var entries: [TensorEntry] = []
        entries.reserveCapacity(listed.tensors.count)
        var position = 0
        for tensor in listed.tensors {
            guard tensor.begin <= tensor.end, tensor.end <= dataCount else {
                throw malformed("\(tensor.name) at bytes \(tensor.begin) to \(tensor.end) of \(dataCount): the file is truncated or its header lies")
            }
            guard tensor.begin == position else {
                throw malformed("\(tensor.name) begins at byte \(tensor.begin), but the tensor before it ends at \(position)")
            }
            guard Self.fits(tensor) else {
                throw malformed("\(tensor.name) of \(tensor.type) \(tensor.shape) can't have \(tensor.end - tensor.begin) bytes")
            }
            entries.append(
                TensorEntry(
                    name: tensor.name, type: tensor.type, shape: tensor.shape, byteCount: tensor.end - tensor.begin,
                    byteOffset: dataStart + tensor.begin))
            position = tensor.end
        }
        guard position == dataCount else { throw malformed("\(dataCount - position) bytes after the last tensor belong to none") }
        self.metadata = listed.metadata
        self.entries = entries
    }

    /// Whether the tensor's bytes hold its elements. Those of a type that the format doesn't know have at least one bit each, so that
    /// whoever counts elements never meets more than a file has bits.
    private static func fits(_ tensor: HeaderScanner.Tensor) -> Bool {
        guard let elements = elementCount(of: tensor.shape) else { return false }
        let (bits, overflow) = elements.multipliedReportingOverflow(by: TensorEntry.bitCount(type: tensor.type) ?? 1)
        guard !overflow else { return false }
        let byteCount = tensor.end - tensor.begin
        return TensorEntry.bitCount(type: tensor.type) == nil ? bits <= 8 * byteCount : bits % 8 == 0 && bits / 8 == byteCount
    }

    /// Nil where the extents that are not 0 have a product that no file could hold: also beside an extent of 0, since parts of a shape
    /// are multiplied elsewhere.
    private static func elementCount(of shape: [Int]) -> Int? {
        var product = 1
        for extent in shape where extent != 0 {
            let (next, overflow) = product.multipliedReportingOverflow(by: extent)
            guard !overflow, next <= mostElements else { return nil }
            product = next
        }
        return shape.contains(0) ? 0 : product
    }

    /// Bits of the largest file that can be mapped.
    private static let mostElements = 1 << 50
}

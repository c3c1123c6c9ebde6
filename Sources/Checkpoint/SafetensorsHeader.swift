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
            if let bitCount = TensorEntry.bitCount(type: tensor.type) {
                guard Self.byteCount(of: tensor.shape, bitCount: bitCount) == tensor.end - tensor.begin else {
                    throw malformed("\(tensor.name) of \(tensor.type) \(tensor.shape) can't have \(tensor.end - tensor.begin) bytes")
                }
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

    /// Nil where the product overflows or is no whole number of bytes.
    private static func byteCount(of shape: [Int], bitCount: Int) -> Int? {
        // An extent of 0 makes the count 0 whatever the others are.
        var count = shape.contains(0) ? 0 : bitCount
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            count = product
        }
        return count % 8 == 0 ? count / 8 : nil
    }
}

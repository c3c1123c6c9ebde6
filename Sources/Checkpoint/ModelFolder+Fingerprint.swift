import Foundation
import Tensor

extension ModelFolder {
    static func fingerprint(_ folder: URL, components: [String]) throws(CheckpointError) -> String {
        var hash = StableHash()
        try add("model_index.json", in: folder, to: &hash)
        for component in components.sorted() {
            // A machine that runs one stage may hold only that stage's components.
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent(component).path)) ?? []
            for name in names.sorted() where [".json", ".jinja", ".safetensors"].contains(where: name.hasSuffix) {
                try add("\(component)/\(name)", in: folder, to: &hash)
            }
        }
        return hash.text
    }

    private static func add(_ path: String, in folder: URL, to hash: inout StableHash) throws(CheckpointError) {
        hash.add(Data(path.utf8))
        let url = folder.appendingPathComponent(path)
        guard path.hasSuffix(".safetensors") else {
            hash.add(try JSONFile.read(url))
            return
        }
        let storage = try FileMap.map(url)
        let bytes = UnsafeRawBufferPointer(start: storage.address, count: storage.byteCount)
        guard bytes.count >= 8 else { throw CheckpointError(.malformed, "\(url.path): \(bytes.count) bytes are no safetensors file") }
        // A header that lies is refused where the file is opened; here it only must not lead out of the map.
        let length = min(UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)), UInt64(SafetensorsFile.maximumHeaderByteCount))
        let header = 8 + min(Int(length), bytes.count - 8)
        hash.add(bytes.prefix(header))
        // A checkpoint trained further has the same header, so samples of the weights count too: few enough that a file of
        // gigabytes is not read.
        let step = max((bytes.count - header) / samples, 1)
        for start in stride(from: header, to: bytes.count, by: step) {
            hash.add(bytes[start..<min(start + min(step, sampleBytes), bytes.count)])
        }
    }

    private static var samples: Int { 64 }
    private static var sampleBytes: Int { 256 }
}

/// FNV-1a over length-prefixed pieces: the same on every machine and in every version.
private struct StableHash {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ bytes: some Collection<UInt8>) {
        var count = UInt64(bytes.count).littleEndian
        withUnsafeBytes(of: &count) { $0.forEach { mix($0) } }
        if bytes.withContiguousStorageIfAvailable({ $0.forEach { mix($0) } }) == nil { bytes.forEach { mix($0) } }
    }

    private mutating func mix(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }

    var text: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

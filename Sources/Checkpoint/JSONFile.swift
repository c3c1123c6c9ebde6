import Foundation

/// Reading a JSON file into a type, with errors that name the file and the key.
enum JSONFile {
    /// Bytes of a file at most: a shard index names each tensor in a hundred bytes or so.
    static let maximumByteCount = 100_000_000

    static func read(_ url: URL) throws(CheckpointError) -> Data {
        try CheckpointFile.withOpen(url) { (descriptor, status) throws(CheckpointError) in
            guard status.st_size <= maximumByteCount else {
                throw CheckpointError(.malformed, "\(url.path) has \(status.st_size) bytes; the limit for a JSON file is \(maximumByteCount)")
            }
            do {
                return try FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).readToEnd() ?? Data()
            } catch {
                throw CheckpointError(.unreadable, "\(url.path) can't be read: \(error.localizedDescription)")
            }
        }
    }

    static func decode<T: Decodable>(_ type: T.Type, _ url: URL) throws(CheckpointError) -> T {
        let data = try read(url)
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw CheckpointError(.invalidConfiguration, "\(url.path): \(describe(error))")
        } catch {
            throw CheckpointError(.invalidConfiguration, "\(url.path): \(error)")
        }
    }

    private static func describe(_ error: DecodingError) -> String {
        func path(_ keys: [any CodingKey]) -> String {
            keys.isEmpty ? "the top level" : keys.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context): return "\(path(context.codingPath + [key])) is missing"
        case .valueNotFound(_, let context): return "\(path(context.codingPath)) is null"
        case .typeMismatch(let type, let context): return "\(path(context.codingPath)) is not a \(type)"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty
                ? "not valid JSON: \(context.debugDescription)" : "\(path(context.codingPath)): \(context.debugDescription)"
        @unknown default: return "\(error)"
        }
    }
}

import Foundation

/// Reading a file of a tokenizer's folder, with errors that name it.
enum TextFile {
    static func exists(_ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.path) }

    static func read(_ url: URL) throws(TokenizingError) -> Data {
        guard exists(url) else { throw TokenizingError(.missingFile, "\(url.path) is missing") }
        do {
            return try Data(contentsOf: url)
        } catch {
            throw TokenizingError(.unreadable, "\(url.path) can't be read: \(error.localizedDescription)")
        }
    }

    static func decode<T: Decodable>(_ type: T.Type, _ url: URL) throws(TokenizingError) -> T {
        try decode(type, try read(url), url)
    }

    /// - Parameter url: where `data` came from, for the errors.
    static func decode<T: Decodable>(_ type: T.Type, _ data: Data, _ url: URL) throws(TokenizingError) -> T {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch DecodingError.keyNotFound(let key, let context) {
            throw TokenizingError(.malformed, "\(url.path): \(path(context.codingPath + [key])) is missing")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            throw TokenizingError(.malformed, "\(url.path): \(path(context.codingPath)) has an unexpected type")
        } catch DecodingError.dataCorrupted(let context) {
            throw TokenizingError(.malformed, "\(url.path): \(path(context.codingPath)): \(context.debugDescription)")
        } catch {
            throw TokenizingError(.malformed, "\(url.path): \(error)")
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.isEmpty ? "the top level" : keys.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
    }
}

import ArgumentParser
import Files
import Foundation
import Wire

/// The caller's key. It is never an argument, which everybody on the machine could read.
struct KeyOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("File with the key to call the gateway with; - for standard input. Default, over TCP: GLM_API_KEY.", valueName: "file"))
    var keyFile: String?

    /// Bytes of a file.
    private static let limit = 4096

    /// The key's text; nil: none. Over a Unix socket a key would take from an operator what the socket gives, so that one must be named.
    func text(for address: Address) throws -> String? {
        if let keyFile {
            let bytes = try InputFile.read(keyFile, limit: Self.limit)
            return try Self.checked(String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines), keyFile)
        }
        if case .unix = address { return nil }
        guard let text = ProcessInfo.processInfo.environment["GLM_API_KEY"], !text.isEmpty else { return nil }
        return try Self.checked(text, "GLM_API_KEY")
    }

    private static func checked(_ text: String, _ place: String) throws -> String {
        do { _ = try BearerToken.value(text) } catch { throw ClientError("\(place) holds no key: \(error)") }
        return text
    }
}

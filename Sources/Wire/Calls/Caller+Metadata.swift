import Foundation
import GRPCCore

/// How a caller gets from a server's door to the handler of its call: in the call's metadata, in place of what the caller may have written
/// there.
extension Caller {
    /// The metadata's key.
    package static let key = "glm-caller"

    /// The metadata's value, as JSON.
    package var encoded: String { (try? JSONEncoder().encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "" }

    init(metadata: Metadata) {
        let value = metadata[stringValues: Self.key].first { _ in true }
        self = value.flatMap { try? JSONDecoder().decode(Caller.self, from: Data($0.utf8)) } ?? .none
    }
}

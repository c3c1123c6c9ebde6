import Crypto
public import Domain
public import Foundation

/// One key, as its file has it: what it allows, and how it is known again. Its text is nowhere but with its holder.
public struct Key: Sendable, Hashable {
    public var grant: Grant
    /// SHA-256 of the key's text, 32 bytes.
    public var digest: [UInt8]
    /// From then on it is refused; nil: never.
    public var expires: Date?

    /// A key by its text, which is not kept.
    public init(_ grant: Grant, text: String, expires: Date? = nil) {
        self.init(grant, digest: Array(SHA256.hash(data: Array(text.utf8))), expires: expires)
    }

    init(_ grant: Grant, digest: [UInt8], expires: Date?) {
        self.grant = grant
        self.digest = digest
        self.expires = expires
    }

    public var name: String { grant.name }

    public func isExpired(at date: Date) -> Bool { expires.map { $0 <= date } ?? false }

    /// The text of a new key: `glm-` and 32 random bytes in base64url.
    public static func makeText() -> String {
        let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        return "glm-" + bytes.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

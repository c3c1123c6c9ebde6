import Foundation

/// What the locale of a process can show: ours are texts in UTF-8.
public struct TextLocale: Sendable, Hashable {
    public let isUTF8: Bool

    public static let current = TextLocale(environment: ProcessInfo.processInfo.environment)

    /// `LC_ALL`, `LC_CTYPE` or `LANG`: the first that is set, as `setlocale` reads them. None: the C locale.
    public init(environment: [String: String]) {
        let name = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        isUTF8 = name?.uppercased().replacing("-", with: "").contains("UTF8") ?? false
    }

    /// The text with these signs in ASCII where the locale lacks them, whoever wrote them; other characters stay.
    public func spelled(_ text: String) -> String {
        isUTF8 ? text : Self.signs.reduce(text) { $0.replacing($1.sign, with: $1.ascii) }
    }

    private static let signs = [("×", "x"), ("…", "..."), ("²", "^2")].map { (sign: $0.0, ascii: $0.1) }
}

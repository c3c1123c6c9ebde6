public import Foundation

/// When a key expires, as text.
public enum KeyDate {
    public static let syntax = "is neither a date as 2027-01-31, from whose beginning in UTC on the key is refused, nor a time as 2027-01-31T12:00:00Z"

    public static func read(_ text: String) -> Date? {
        let day = Date.ISO8601FormatStyle().year().month().day()
        guard text.utf8.count <= 64 else { return nil }
        return try? (text.utf8.contains(0x54) ? Date(text, strategy: .iso8601) : Date(text, strategy: day))
    }

    /// `2027-01-31T12:00:00Z`
    public static func text(_ date: Date) -> String { date.formatted(.iso8601) }

    /// The day in UTC: `2027-01-31`.
    static func day(_ date: Date) -> String { date.formatted(Date.ISO8601FormatStyle().year().month().day()) }
}

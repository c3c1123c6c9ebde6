public import Foundation

/// When a key expires, as text.
public enum KeyDate {
    public static let syntax =
        "is neither a date as 2027-01-31, from whose beginning in UTC on the key is refused, nor a time as 2027-01-31T12:00:00Z"

    public static func read(_ text: String) -> Date? {
        guard text.utf8.count <= 64 else { return nil }
        let date = (try? Date(text, strategy: .iso8601)) ?? (try? Date(text, strategy: days))
        // The parser takes 2027-02-31 for a day of March, and passes over what comes behind.
        return date.flatMap { [Self.text($0), day($0)].contains(text) ? $0 : nil }
    }

    /// `2027-01-31T12:00:00Z`
    public static func text(_ date: Date) -> String { date.formatted(.iso8601) }

    /// The day in UTC: `2027-01-31`.
    static func day(_ date: Date) -> String { date.formatted(days) }

    private static var days: Date.ISO8601FormatStyle { Date.ISO8601FormatStyle().year().month().day() }
}

/// What came of sending a batch.
package enum Delivery: Sendable, Hashable {
    case done
    /// The collector wants it again, later.
    case again(after: Duration)
    case lost(String)

    /// Statuses by which a collector says that it may take the same again: https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes.
    private static let retried: Set<Int> = [429, 502, 503, 504]

    /// - Parameter retryAfter: the header, in seconds; a batch is sent again only where it says when.
    package init(status: Int, retryAfter: String?) {
        if (200..<300).contains(status) {
            self = .done
        } else if Self.retried.contains(status), let seconds = retryAfter.flatMap(UInt16.init) {
            self = .again(after: .seconds(Int(seconds)))
        } else {
            self = .lost("status \(status)")
        }
    }
}

/// A key has been used as much as it may be.
public struct UsageRefusal: Error, Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// Too many requests in the last minute.
        case rate
        /// Too many images and answers today.
        case quota
    }

    public let kind: Kind
    /// Names the limit.
    public let message: String
    /// In which it helps to ask again.
    public let retryAfter: Duration
}

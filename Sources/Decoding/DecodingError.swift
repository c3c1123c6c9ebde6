/// Why a request ended before its stop condition was met.
package enum DecodingError: Error, Sendable, Hashable {
    /// The request would never have its pages: the whole pool is smaller.
    case exceedsPool(pages: Int, available: Int)
    /// A logit is NaN or +∞.
    case notFinite
}

import Wire

/// What a caller hears of its request before the response, in this order.
enum News<P: Pipeline>: Sendable {
    /// Once, before all others.
    case accepted
    /// While it waits for a stage.
    case place(LinePlace)
    case work(P.News)

    /// Adds news to those before it, which the caller has not taken yet.
    /// - Returns: false when they have to be told apart.
    static func merge(_ news: News, into last: inout News) -> Bool {
        switch (news, last) {
        case (.place, .place):
            last = news
            return true
        case (.work(let work), .work(var merged)):
            guard P.merge(work, into: &merged) else { return false }
            last = .work(merged)
            return true
        default: return false
        }
    }
}

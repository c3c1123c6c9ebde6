package import Domain
package import Wire

/// Who is let into the gateway: the decisions, without clocks.
///
/// Every request in the gateway has a place in the order of arrival, until it is done or gone.
package struct AdmissionQueue: Sendable {
    /// Requests in the gateway at most.
    package let limit: Int
    private var units: [Int: [StageKind: Forecast.Units]] = [:]
    private var last = 0
    package private(set) var refused = 0

    package init(limit: Int) { self.limit = limit }

    package var count: Int { units.count }

    /// Requests that need the kind; those that are past it count too, for they are few.
    package func needing(_ kind: StageKind) -> Int { units.values.count { $0[kind] != nil } }

    /// - Parameters:
    ///   - finish: seconds until a request like this that arrives now is done; nil when nothing is known.
    ///   - left: seconds until the caller's deadline; nil: none.
    /// - Returns: its place in the order of arrival.
    /// - Throws: RESOURCE_EXHAUSTED with the place it would have had; DEADLINE_EXCEEDED when it could not be done in time.
    package mutating func enter(_ request: [StageKind: Forecast.Units], finish: Double?, left: Double?) throws(CallError) -> Int {
        guard units.count < limit else {
            refused += 1
            let wait = finish.map { "; place \(units.count + 1) would be done in about \(Self.text($0))" } ?? ""
            throw CallError(
                .resourceExhausted, "gateway is full: \(units.count) of \(limit) requests in flight\(wait)",
                retryAfter: .milliseconds(Int64(1000 * min(max((finish ?? 1) / Double(limit), 0.1), 60))))
        }
        // A forecast errs: only what is clearly impossible is refused.
        if let finish, let left, finish * 0.7 > left {
            refused += 1
            throw CallError(
                .deadlineExceeded,
                "the deadline can't be met: place \(units.count + 1) would be done in about \(Self.text(finish)), the deadline is in \(Self.text(left))",
                retryAfter: .milliseconds(Int64(1000 * min(max(finish - left, 0.1), 60))))
        }
        last += 1
        units[last] = request
        return last
    }

    package mutating func leave(_ place: Int) { units[place] = nil }

    private static func text(_ seconds: Double) -> String {
        seconds < 10 ? "\((seconds * 10).rounded() / 10) s" : "\(Int(seconds.rounded())) s"
    }
}

public import Domain
import Files
public import Foundation
public import Logging

/// How much keys have been used: requests of the last minute, and images and answers of the day, which a restart does not forget.
public actor KeyUsage {
    private var rates: [String: RequestRate] = [:]
    private var counts: DailyCounts
    private let path: String
    private let logger: Logger
    private var isUnwritten = false

    /// - Parameter folder: where the day's counts are kept, in `key-usage.json`.
    public init(folder: String, logger: Logger) {
        path = "\(folder)/key-usage.json"
        self.logger = logger
        counts = DailyCounts()
        guard let data = FileManager.default.contents(atPath: path) else { return }
        if let kept = try? JSONDecoder().decode(DailyCounts.self, from: data) {
            counts = kept
        } else {
            logger.error("the use of keys is counted anew: the file is no such count", metadata: ["path": "\(path)"])
        }
    }

    /// A key's requests, as callers are told of them.
    public struct Standing: Sendable, Hashable {
        public let limit: Int
        public let remaining: Int
        /// Until all of them may be made.
        public let reset: Duration
    }

    /// Nil for a caller whose requests nobody counts.
    public func standing(_ grant: Grant?) -> Standing? {
        guard let grant, let limit = grant.perMinute else { return nil }
        var rate = rates[grant.name] ?? RequestRate(at: .now)
        let (remaining, reset) = rate.standing(of: limit, at: .now)
        return Standing(limit: limit, remaining: remaining, reset: reset)
    }

    /// Counts a request that makes so many images or answers.
    /// - Returns: the day that they are counted for.
    public func take(_ count: Int, _ grant: Grant, at now: ContinuousClock.Instant, on date: Date) throws(UsageRefusal) -> String {
        if let limit = grant.perMinute {
            var rate = rates[grant.name] ?? RequestRate(at: now)
            defer { rates[grant.name] = rate }
            if let wait = rate.take(of: limit, at: now) {
                throw UsageRefusal(kind: .rate, message: "this key may make \(limit) requests a minute", retryAfter: wait)
            }
        }
        let day = KeyDate.day(date)
        guard let limit = grant.quota else { return day }
        guard counts.take(count, of: limit, by: grant.name, on: day) else {
            let used = counts.used(grant.name, on: day)
            let left = (86_400 - date.timeIntervalSince1970.truncatingRemainder(dividingBy: 86_400)).rounded(.up)
            throw UsageRefusal(
                kind: .quota, message: "this key has used \(used) of its \(limit) images and answers of \(day) (UTC); \(count) more are too many",
                retryAfter: .seconds(left))
        }
        keep()
        return day
    }

    /// Of what was counted on a day, so many images or answers were not made.
    public func giveBack(_ count: Int, _ grant: Grant, on day: String) {
        guard grant.quota != nil else { return }
        counts.giveBack(count, by: grant.name, on: day)
        keep()
    }

    /// A disk that is full stops nobody: the counts go on in memory.
    private func keep() {
        do {
            try OutputTarget(path, mode: 0o600).write([UInt8](JSONEncoder().encode(counts)))
            isUnwritten = false
        } catch {
            if !isUnwritten { logger.error("the use of keys can't be kept; it goes on in memory", metadata: ["problem": "\(error)"]) }
            isUnwritten = true
        }
    }
}

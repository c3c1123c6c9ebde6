/// Images and answers of a day, by key, as a value without clocks.
struct DailyCounts: Sendable, Hashable, Codable {
    /// In UTC: `2026-11-29`.
    private(set) var day = ""
    private(set) var used: [String: Int] = [:]

    func used(_ key: String, on day: String) -> Int { day == self.day ? used[key] ?? 0 : 0 }

    /// - Returns: whether so many more are within the limit; if not, nothing is counted.
    mutating func take(_ count: Int, of limit: Int, by key: String, on day: String) -> Bool {
        if day != self.day { self = DailyCounts(day: day) }
        let before = used[key] ?? 0
        guard count <= limit - before else { return false }
        used[key] = before + count
        return true
    }

    /// What was counted on that day and not made.
    mutating func giveBack(_ count: Int, by key: String, on day: String) {
        guard day == self.day, let before = used[key] else { return }
        used[key] = max(0, before - count)
    }

    init(day: String = "") { self.day = day }
}

/// The known name that somebody may have meant.
enum NearestName {
    /// - Returns: the one with the fewest changed, missing or added characters; nil if that is more than a third of them.
    static func of(_ name: String, among known: some Sequence<String>) -> String? {
        let wanted = Array(name.lowercased().prefix(64))
        let distances = known.map { (name: $0, distance: distance(wanted, Array($0.lowercased()))) }
        guard let best = distances.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else { return nil }
        return best.distance * 3 <= max(wanted.count, best.name.count) ? best.name : nil
    }

    /// Levenshtein's.
    private static func distance(_ a: [Character], _ b: [Character]) -> Int {
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let changed = diagonal + (x == y ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(changed, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}

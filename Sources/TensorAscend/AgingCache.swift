/// Values by key, up to a number of them. Where there are too many, those go first that were used only once: what a loop uses again and
/// again stays, whatever passes by in between.
package struct AgingCache<Key: Hashable, Value> {
    private struct Entry {
        let value: Value
        var lastUse: Int
        var isReused = false
    }

    /// The most values.
    package var most: Int
    private var entries: [Key: Entry] = [:]
    private var uses = 0

    package init(most: Int) { self.most = most }

    package var count: Int { entries.count }

    /// The value of a key. Counts as a use.
    package mutating func use(_ key: Key) -> Value? {
        guard let index = entries.index(forKey: key) else { return nil }
        uses += 1
        entries.values[index].lastUse = uses
        entries.values[index].isReused = true
        return entries.values[index].value
    }

    /// Adds the value of a key that has none.
    /// - Returns: what was removed to make room: half of the values, those used once before those used again, and of each kind first what
    ///   was not used for longest.
    package mutating func insert(_ value: Value, for key: Key) -> [Value] {
        let removed = entries.count < most ? [] : removeOldest(entries.count - most / 2)
        uses += 1
        entries[key] = Entry(value: value, lastUse: uses)
        return removed
    }

    /// - Returns: all values.
    package mutating func removeAll() -> [Value] {
        defer { entries = [:] }
        return entries.values.map(\.value)
    }

    private mutating func removeOldest(_ count: Int) -> [Value] {
        let oldest = entries.sorted { ($0.value.isReused ? 1 : 0, $0.value.lastUse) < ($1.value.isReused ? 1 : 0, $1.value.lastUse) }
        return oldest.prefix(count).compactMap { entries.removeValue(forKey: $0.key)?.value }
    }
}

/// Keys and values of source images that earlier requests had written; the least recently used go first.
///
/// They depend on the images, their codes and their order alone: not on prompt, size, seed or step.
final class ConditionStore {
    private struct Entry {
        let cache: ConditionCache
        var used: Int
    }

    /// Bytes held at most; 0: nothing is kept.
    let capacity: Int
    private(set) var bytes = 0
    private var entries: [[SourcePicture]: Entry] = [:]
    private var clock = 0

    init(capacity: Int) { self.capacity = capacity }

    func find(_ sources: [SourcePicture]) -> ConditionCache? {
        clock += 1
        entries[sources]?.used = clock
        return entries[sources]?.cache
    }

    /// Lets the oldest go until `bytes` more fit, so that what is about to be written never stands beside more than
    /// `capacity` lets stay.
    func makeRoom(for bytes: Int) {
        while self.bytes + bytes > capacity, let oldest = entries.min(by: { $0.value.used < $1.value.used })?.key {
            self.bytes -= entries.removeValue(forKey: oldest)?.cache.bytes ?? 0
        }
    }

    /// Kept where it fits.
    func keep(_ cache: ConditionCache, for sources: [SourcePicture]) {
        guard cache.bytes <= capacity, entries[sources] == nil else { return }
        makeRoom(for: cache.bytes)
        clock += 1
        entries[sources] = Entry(cache: cache, used: clock)
        bytes += cache.bytes
    }
}

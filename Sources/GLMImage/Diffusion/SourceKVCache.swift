/// Keys and values of source images from earlier requests; the least recently used are removed first.
///
/// They depend on the images, their codes and their order alone: not on prompt, size, seed or step.
final class SourceKVCache {
    private struct Entry {
        let sources: SourceKV
        var lastUse: Int
    }

    /// The most bytes that are kept; 0: nothing is.
    let capacity: Int
    private(set) var bytes = 0
    private var entries: [[SourcePicture]: Entry] = [:]
    private var clock = 0

    init(capacity: Int) { self.capacity = capacity }

    func find(_ sources: [SourcePicture]) -> SourceKV? {
        clock += 1
        entries[sources]?.lastUse = clock
        return entries[sources]?.sources
    }

    /// Removes the oldest until `bytes` more fit, so that what is about to be written never needs memory in addition to `capacity`.
    func makeRoom(for bytes: Int) {
        while self.bytes + bytes > capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })?.key {
            self.bytes -= entries.removeValue(forKey: oldest)?.sources.bytes ?? 0
        }
    }

    /// Keeps them if they fit.
    func insert(_ written: SourceKV, for sources: [SourcePicture]) {
        guard written.bytes <= capacity, entries[sources] == nil else { return }
        makeRoom(for: written.bytes)
        clock += 1
        entries[sources] = Entry(sources: written, lastUse: clock)
        bytes += written.bytes
    }
}

/// Steps of a loop that a device has recorded, by what their operators depend on: steps of one key have the same operators on the same
/// memory.
package struct RecordedSteps<Key: Hashable> {
    private var recordings: [Key: Recording] = [:]
    /// Steps that ran once: most come again, and those that don't are not worth a recording.
    private var seen: Set<Key> = []
    /// Steps that could not be recorded.
    private var refused: Set<Key> = []
    /// The most keys that are known; then all are forgotten, and those that come again are seen again.
    private static var most: Int { 1024 }

    package init() {}

    /// Runs a step: a replay where there is a recording of its key, else `body`, which is recorded if it came before.
    /// - Parameter outputs: what `body` writes, dense. See ``Device/record(writing:_:)``.
    package mutating func run(_ key: Key, writing outputs: [Tensor], on device: any Device, _ body: () -> Void) {
        if let recording = recordings[key], device.replay(recording) { return }
        recordings[key] = nil
        if seen.contains(key), !refused.contains(key) {
            // Recording it has run it.
            if let recording = device.record(writing: outputs, body) { return recordings[key] = recording }
            refused.insert(key)
        }
        if seen.count >= Self.most { (recordings, seen, refused) = ([:], [], []) }
        seen.insert(key)
        body()
    }

    /// The step did not do what it should: it runs as if for the first time when it comes again.
    package mutating func forget(_ key: Key) {
        recordings[key] = nil
        seen.remove(key)
        refused.remove(key)
    }
}

import Tensor

/// Steps that a device has recorded, by what their operators depend on.
struct StepRecordings {
    /// Steps of one key have the same operators on the same memory.
    struct Key: Hashable {
        let rows: Int
        /// Pages of each sequence's table.
        let pages: Int
        /// Rows for which logits are computed.
        let predicted: Int
    }

    private var recordings: [Key: Recording] = [:]
    /// Steps that ran once: most come again, and those that don't are not worth a recording.
    private var seen: Set<Key> = []

    /// Runs a step: a replay where there is a recording of its key, else `body`, which is recorded if it came before.
    /// - Parameter outputs: what `body` writes, dense.
    mutating func run(_ key: Key, writing outputs: [Tensor], on device: any Device, _ body: () -> Void) {
        if let recording = recordings[key], device.replay(recording) { return }
        recordings[key] = seen.contains(key) ? device.record(writing: outputs, body) : nil
        // Recording it has run it.
        guard recordings[key] == nil else { return }
        seen.insert(key)
        body()
    }
}

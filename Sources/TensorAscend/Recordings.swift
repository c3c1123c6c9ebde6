import CAscend
import Tensor

/// What a device has recorded. CANN gives each recording streams of the device, of which there are few, so only the ones in use are kept.
struct Recordings {
    struct Graph {
        let recording: Recording
        let handle: aclmdlRI
        let operators: Int
        /// Where they write.
        let written: Set<UnsafeMutableRawPointer>
    }

    /// The one that was replayed longest ago first.
    private var graphs: [Graph] = []
    private static let most = 16

    var isFull: Bool { graphs.count >= Recordings.most }

    /// For a replay.
    mutating func graph(of recording: Recording) -> Graph? {
        guard let index = graphs.firstIndex(where: { $0.recording === recording }) else { return nil }
        let used = graphs.remove(at: index)
        graphs.append(used)
        return used
    }

    mutating func insert(_ graph: Graph) { graphs.append(graph) }

    mutating func remove(_ recording: Recording) -> aclmdlRI? {
        graphs.firstIndex { $0.recording === recording }.map { graphs.remove(at: $0).handle }
    }

    mutating func removeOldest() -> aclmdlRI? { graphs.isEmpty ? nil : graphs.removeFirst().handle }

    mutating func removeAll() -> [aclmdlRI] {
        defer { graphs = [] }
        return graphs.map(\.handle)
    }
}

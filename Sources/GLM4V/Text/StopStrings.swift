/// Finds the first of several texts in a text that comes in pieces, and holds back what could be the beginning of one.
///
/// The one that ends first counts, of several with the same end the longest: so the cuts between the pieces make no difference.
struct StopStrings: Sendable, Hashable {
    /// UTF-8, in which no character is found inside another.
    private let stops: [[UInt8]]
    private var held: [UInt8] = []
    /// One was found; what follows is not to be appended.
    private(set) var isMet = false

    init(_ stops: [String]) { self.stops = stops.map { Array($0.utf8) }.sorted { $0.count > $1.count } }

    /// The text that is certain to stand before any stop string.
    mutating func append(_ text: String) -> String {
        guard !stops.isEmpty else { return text }
        for byte in text.utf8 {
            held.append(byte)
            if let stop = stops.first(where: { held.suffix($0.count).elementsEqual($0) }) {
                held.removeLast(stop.count)
                isMet = true
                return release()
            }
        }
        let kept = stops.map(heldBeginning).max() ?? 0
        defer { held.removeFirst(held.count - kept) }
        return String(decoding: held.dropLast(kept), as: UTF8.self)
    }

    /// All that is held back.
    mutating func release() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }

    /// How many of the last bytes are the beginning of `stop`.
    private func heldBeginning(of stop: [UInt8]) -> Int {
        let longest = min(held.count, stop.count - 1)
        return (0...longest).last { held.suffix($0).elementsEqual(stop.prefix($0)) } ?? 0
    }
}

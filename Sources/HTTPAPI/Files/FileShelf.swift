package import Domain

/// Result files that callers fetch by a link: which are kept, and until when. Times are seconds since 1970, passed in.
///
/// All live equally long, so the first that was put here is the first to go, be it for its age or for want of room.
package struct FileShelf: Sendable {
    package struct File: Sendable, Hashable {
        package var bytes: [UInt8]
        package var format: ImageFormat
        /// Identity of the caller it was made for.
        package var owner: String

        package init(_ bytes: [UInt8], _ format: ImageFormat, owner: String) {
            self.bytes = bytes
            self.format = format
            self.owner = owner
        }
    }

    private struct Entry: Sendable {
        let file: File
        let end: Int
    }

    private let byteLimit: Int
    private let countLimit: Int
    private let lifetime: Int
    private var entries: [String: Entry] = [:]
    /// The oldest first.
    private var order: [String] = []
    package private(set) var bytes = 0

    /// - Parameters:
    ///   - byteLimit: of all files together; a single file may have more, and is then alone.
    ///   - lifetime: seconds.
    package init(byteLimit: Int = 512 << 20, countLimit: Int = 4096, lifetime: Int = LinkSigner.lifetime) {
        self.byteLimit = byteLimit
        self.countLimit = countLimit
        self.lifetime = lifetime
    }

    package var count: Int { order.count }

    /// - Parameter id: not in use.
    package mutating func put(_ file: File, as id: String, now: Int) {
        dropExpired(now)
        while !order.isEmpty, order.count >= countLimit || bytes + file.bytes.count > byteLimit { dropOldest() }
        entries[id] = Entry(file: file, end: now + lifetime)
        order.append(id)
        bytes += file.bytes.count
    }

    /// - Returns: nil: it is not here, or not any more.
    package mutating func file(_ id: String, now: Int) -> File? {
        dropExpired(now)
        return entries[id]?.file
    }

    private mutating func dropExpired(_ now: Int) {
        while let first = order.first, let entry = entries[first], entry.end <= now { dropOldest() }
    }

    private mutating func dropOldest() {
        guard let entry = entries.removeValue(forKey: order.removeFirst()) else { return }
        bytes -= entry.file.bytes.count
    }
}

import Domain
import Synchronization
import Wire

/// Results that are handed out as links, in memory: a restart of the gateway ends them.
package final class ResultFiles: Sendable {
    private let signer = LinkSigner()
    private let shelf = Mutex(FileShelf())
    /// Where callers reach the gateway, without a slash at its end.
    private let base: @Sendable () -> String

    package init(base: @escaping @Sendable () -> String) { self.base = base }

    /// - Returns: the link that opens it.
    package func put(_ file: FileShelf.File, now: Int) -> String {
        // 128 random bits.
        let id = RequestID.make() + RequestID.make()
        shelf.withLock { $0.put(file, as: id, now: now) }
        return link(to: id, now: now)
    }

    /// A link to a file that is kept here or elsewhere.
    package func link(to id: String, now: Int) -> String {
        let end = now + LinkSigner.lifetime
        return "\(base())/v1/files/\(id)/content?exp=\(end)&sig=\(signer.signature(of: id, end: end))"
    }

    package func file(_ id: String, now: Int) -> FileShelf.File? { shelf.withLock { $0.file(id, now: now) } }

    /// Whether a link opens its file.
    /// - Returns: false: it is no link, but the address alone.
    /// - Throws: 403 for one that was not made here, or has ended.
    package func checkLink(to id: String, end: String?, signature: String?, now: Int) throws(APIError) -> Bool {
        guard end != nil || signature != nil else { return false }
        guard let end = end.flatMap({ Int($0) }), let signature, signer.isValid(signature, of: id, end: end) else {
            throw APIError(403, "insufficient_permissions", "the link's signature does not fit; use the url as it was in the answer")
        }
        guard now < end else { throw APIError(403, "insufficient_permissions", "the link has ended; links last \(LinkSigner.lifetime / 60) minutes") }
        return true
    }
}

import Glibc
import Processes

/// Asks the system which addresses a name has: its hosts file, its DNS servers, whatever it is set up to ask.
package enum NameLookup {
    /// Why there is no answer, in the system's words.
    package struct Failure: Error, Hashable {
        package let reason: String
    }

    /// On a thread of its own: the system may take half a minute to give up.
    /// - Returns: numeric addresses.
    /// - Throws: ``Failure``; `CancellationError`, and then the thread ends when the system has answered.
    package static func addresses(of host: String) async throws -> [String] {
        let answer = Promise<Result<[String], Failure>>()
        BlockingThread.start { answer.fulfil(look(host)) }
        guard let result = await answer.value else { throw CancellationError() }
        return try result.get()
    }

    private static func look(_ host: String) -> Result<[String], Failure> {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var first: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &first)
        let system = errno
        guard status == 0 else {
            let words = String(cString: status == EAI_SYSTEM ? UnsafePointer(strerror(system)) : gai_strerror(status))
            return .failure(Failure(reason: "can't be resolved: \(words)"))
        }
        defer { freeaddrinfo(first) }
        var addresses: [String] = []
        var next = first
        while let entry = next?.pointee {
            // With the interface behind it where it is an address of one link.
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 {
                addresses.append(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
            }
            next = entry.ai_next
        }
        return .success(addresses)
    }
}

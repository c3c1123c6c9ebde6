package import NIOHPACK
package import Wire

/// What the headers of a call must be before gRPC reads them: the library ends the process for some that are not.
package enum RequestHeaders {
    /// Bytes of names, values and 32 for each header, as RFC 9113 §6.5.2 counts: the library's own limit.
    package static let sizeLimit = 16 << 10

    /// Why the call is refused; nil: it may go on.
    /// - Parameter isMethod: whether the server has the method `/package.Service/Method`.
    package static func refusal(of headers: HPACKHeaders, isMethod: (String) -> Bool) -> CallError? {
        let size = headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 }
        guard size <= sizeLimit else { return CallError(.resourceExhausted, "the call's metadata has \(size) bytes; at most \(sizeLimit)") }
        let timeouts = headers["grpc-timeout"]
        guard timeouts.count <= 1 else { return CallError(.invalidArgument, "grpc-timeout is given \(timeouts.count) times") }
        if let timeout = timeouts.first, !isTimeout(timeout) {
            return CallError(.invalidArgument, "grpc-timeout is \"\(timeout.prefix(32))\"; 1 to 8 digits and one of H, M, S, m, u, n")
        }
        // The library would wait for the end of a stream that nobody answers. What is no gRPC it answers with HTTP's 415.
        let isGRPC = headers.first(name: "content-type")?.hasPrefix("application/grpc") ?? false
        if isGRPC, let path = headers.first(name: ":path"), !isMethod(path) {
            return CallError(.unimplemented, "this server has no method \(path.prefix(256))")
        }
        return nil
    }

    /// gRPC's `Timeout`: at most eight digits and a unit.
    private static func isTimeout(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard (2...9).contains(bytes.count), let unit = bytes.last else { return false }
        return "HMSmun".utf8.contains(unit) && bytes.dropLast().allSatisfy { (0x30...0x39).contains($0) }
    }
}

package import Wire

/// Reads along as a request arrives, to know how long its message will be before it is held: the five bytes before each message of gRPC.
package struct MessageIntake {
    /// Bytes of the largest message.
    let limit: Int
    /// Any number of messages follow each other.
    let isStream: Bool
    private var prefix: [UInt8] = []
    private var missing = 0

    package init(limit: Int, isStream: Bool = false) {
        self.limit = limit
        self.isStream = isStream
    }

    /// All of the message has arrived, and nothing of another.
    package private(set) var isComplete = false

    /// Takes the next bytes.
    /// - Returns: why the call is refused; nil: it may go on.
    package mutating func take(_ bytes: some Collection<UInt8>) -> CallError? {
        var rest = bytes[...]
        while !rest.isEmpty {
            if missing > 0 {
                let taken = min(missing, rest.count)
                rest = rest.dropFirst(taken)
                missing -= taken
            } else {
                if isComplete, !isStream { return CallError(.invalidArgument, "the call has more than one message") }
                isComplete = false
                let taken = min(5 - prefix.count, rest.count)
                prefix += rest.prefix(taken)
                rest = rest.dropFirst(taken)
                guard prefix.count == 5 else { return nil }
                missing = prefix.dropFirst().reduce(0) { $0 << 8 | Int($1) }
                prefix = []
                guard missing <= limit else { return CallError(.resourceExhausted, "the request has \(missing) bytes; at most \(limit)") }
            }
            isComplete = missing == 0
        }
        return nil
    }
}

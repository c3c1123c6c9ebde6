/// A server that can't listen.
public struct HTTPServerError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Code: Sendable, Hashable {
        private enum Value { case invalidAddress, inUse, socket }
        private let value: Value

        /// The port is out of range, or nobody knows the host.
        public static let invalidAddress = Code(value: .invalidAddress)
        /// Another process has the address.
        public static let inUse = Code(value: .inUse)
        /// The system refuses the socket.
        public static let socket = Code(value: .socket)
    }

    public var code: Code
    /// Names the address.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

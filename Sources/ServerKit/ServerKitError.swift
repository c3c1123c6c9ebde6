/// A process that cannot start, or not end: a socket in use, a folder of somebody else, a part that hangs.
public struct ServerKitError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Code: Hashable, Sendable {
        private enum Kind { case runDirectory, stateDirectory, inUse, socket, stuck, serviceManager }
        private let kind: Kind

        /// The run folder can't be made, or others may write to it.
        public static let runDirectory = Code(kind: .runDirectory)
        /// The folder of what outlives the process can't be made, or others may write to it.
        public static let stateDirectory = Code(kind: .stateDirectory)
        /// Another process has the address.
        public static let inUse = Code(kind: .inUse)
        /// The system refuses the socket.
        public static let socket = Code(kind: .socket)
        /// A part of the process does not end.
        public static let stuck = Code(kind: .stuck)
        /// What the service manager has handed over makes no sense, or is for nothing.
        public static let serviceManager = Code(kind: .serviceManager)
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

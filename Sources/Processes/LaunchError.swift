/// Why a program could not be started, or ended before it was ready.
public struct LaunchError: Error, Sendable, CustomStringConvertible {
    public struct Code: Sendable, Hashable {
        private enum Value { case notFound, notStarted, noResources, endedEarly }
        private let value: Value

        /// No such program.
        public static let notFound = Code(value: .notFound)
        /// The system would not start it.
        public static let notStarted = Code(value: .notStarted)
        /// The system has no descriptor, process or memory left for it now.
        public static let noResources = Code(value: .noResources)
        /// It ended before it was ready; the message carries its last lines.
        public static let endedEarly = Code(value: .endedEarly)
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

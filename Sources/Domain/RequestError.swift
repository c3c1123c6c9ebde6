/// Why a request can't be computed, worded for the caller: names the field, the limit and the value.
public struct RequestError: Error, Sendable, Hashable, CustomStringConvertible {
    public var message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}

/// What is wrong with a key file, for the one who keeps it. Names the key and the field, and shows nothing that a key could be guessed from.
public struct KeyError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    package init(_ description: String) { self.description = description }
}

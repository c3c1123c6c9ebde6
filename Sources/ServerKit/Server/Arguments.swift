public import ArgumentParser
public import Domain

// Values of flags. `read` is for `transform:`, whose error says what is expected.

extension Precision: ExpressibleByArgument {}

extension DeviceID {
    /// - Throws: `ValidationError`, which says what is expected.
    public static func read(_ text: String) throws -> DeviceID {
        guard let device = DeviceID(text) else { throw ValidationError("\"\(text)\" is no device: \(syntax)") }
        return device
    }
}

extension ByteCount {
    /// - Throws: `ValidationError`, which says what is expected.
    public static func read(_ text: String) throws -> ByteCount {
        guard let count = ByteCount(text) else { throw ValidationError("\"\(text)\" is no amount of memory: \(syntax)") }
        return count
    }
}

import Wire

/// The names that the gateway gives to jobs. Whoever knows one may fetch the image, so nobody can guess one: 128 random bits.
enum JobID {
    /// Characters of each.
    static let bytes = 32

    static func make() -> String { RequestID.make() + RequestID.make() }
}

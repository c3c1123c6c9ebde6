/// How many jobs there may be, and for how long.
public struct JobBounds: Sendable, Hashable {
    /// How long a job that has ended is kept.
    public var kept = Duration.seconds(24 * 3600)
    /// Jobs that wait.
    public var queued = 256
    /// Jobs that one gateway has under way; each waits for slots most of its life.
    public var running = 32
    /// Of requests and results together; nil: as many as those that may wait or be under way can need.
    public var bytes: Int?

    public init() {}
}

/// Whether and when a call is made again that failed because no process took it: the decisions, without clocks.
///
/// A process that starts or drains says so, and one that was restarted has lost its connections. Both pass. All other errors stand: an overloaded
/// process is not asked more often, and a request that failed where it was computed would fail again.
public struct CallRetries: Sendable, Hashable {
    /// Further tries of one call: some 20 s.
    public static let limit = 8
    private static let shortest = Duration.milliseconds(200)
    private static let longest = Duration.seconds(5)

    /// Further tries so far.
    public private(set) var made = 0

    public init() {}

    /// The call has failed.
    /// - Parameters:
    ///   - left: until the caller's deadline; nil: there is none.
    ///   - jitter: 0 through 1, at random, so that those who failed together don't come back together.
    /// - Returns: the pause before the next try; nil: the error stands.
    public mutating func pause(after error: CallError, left: Duration? = nil, jitter: Double) -> Duration? {
        guard error.status == .unavailable, error.retryAfter != nil || !error.wasAnswered, made < Self.limit else { return nil }
        let pause = (error.retryAfter ?? .zero) + min(Self.shortest * (1 << made), Self.longest) * (0.5 + jitter)
        if let left, left <= pause { return nil }
        made += 1
        return pause
    }
}

extension StageConnection {
    /// Makes a call, and makes it again as ``CallRetries`` decides, within the timeout of its settings.
    ///
    /// - Parameters:
    ///   - isSafe: asked before each further try: whether to make the call twice does no more than to make it once.
    ///   - call: gets settings with what is left of the timeout.
    public func repeating<R: Sendable>(
        _ settings: CallSettings = CallSettings(), while isSafe: @Sendable () -> Bool = { true },
        _ call: @Sendable (CallSettings) async throws -> R
    ) async throws -> R {
        let deadline = settings.timeout.map { ContinuousClock.now + $0 }
        var settings = settings, retries = CallRetries()
        while true {
            do {
                return try await call(settings)
            } catch let error as CallError {
                let left = deadline.map { ContinuousClock.now.duration(to: $0) }
                guard isSafe(), let pause = retries.pause(after: error, left: left, jitter: .random(in: 0...1)) else { throw error }
                try await Task.sleep(for: pause)
                settings.timeout = deadline.map { ContinuousClock.now.duration(to: $0) }
            }
        }
    }
}

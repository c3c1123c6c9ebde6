/// How long requests in flight get when a process is told to end. A drain that has nothing left ends sooner, so more costs nothing.
public enum DrainDeadline {
    /// Where nothing says more.
    public static let least = Duration.seconds(30)
    /// For predictions that are hours: who restarts a process waits no longer than this.
    public static let most = Duration.seconds(3600)

    /// For requests of which the longest is predicted to take `seconds`: twice that, since it is a prediction and one request may wait for another
    /// of its kind; in tens of seconds.
    public static func forWork(of seconds: Double) -> Duration {
        guard seconds.isFinite, seconds < most.inWholeSeconds else { return most }
        return min(max(.seconds((2 * seconds / 10).rounded(.up) * 10), least), most)
    }
}

extension Duration {
    fileprivate var inWholeSeconds: Double { Double(components.seconds) }
}

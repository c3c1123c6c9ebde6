import NIOCore
import NIOPosix
import Wire

/// Tells the service manager how the process does: at once when that changes, and again and again while it works.
///
/// It is no timer that runs free. Before each report the process has to prove that it works: every event loop, on which all connections are
/// served, takes a task; Swift's own threads run it on; and what the process is asked for here answers: of a gateway its fleet, of all the gate
/// that work passes through. It does not prove that a stage computes: the gateway's health probes do.
final class Heartbeat: Sendable {
    private let manager: ServiceManager
    private let (beats, beat) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// The longest between two reports: well within ``ServiceReport/extra``.
    private static let longestPause = Duration.seconds(10)

    init(_ manager: ServiceManager) { self.manager = manager }

    /// Something has changed that is to be told at once.
    func hasten() { beat.yield() }

    /// Runs until the task is cancelled.
    /// - Parameter ask: what the process is doing now, and its headline.
    func run(_ ask: @escaping @Sendable () async -> (state: StageState, headline: String)) async {
        guard let socket = manager.notices else { return }
        let pause = min(manager.watchdog.map { $0 / 2 } ?? Self.longestPause, Self.longestPause)
        let ticking = Task { [beat] in
            while true {
                beat.yield()
                try await Pause.for(pause)
            }
        }
        defer { ticking.cancel() }
        var report = ServiceReport(isWatched: manager.watchdog != nil)
        for await _ in beats {
            for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() { try? await loop.submit {}.get() }
            let (state, headline) = await ask()
            var next = report
            let notices = next.notices(state, headline: headline)
            if notices.isEmpty || socket.send(notices) { report = next }
        }
    }
}

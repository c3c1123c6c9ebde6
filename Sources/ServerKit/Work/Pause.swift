import Dispatch
import Wire

/// Waits that leave nothing behind. A `Task.sleep` that is cancelled stays scheduled, with its memory, until its time comes: too much for
/// limits of minutes that nearly every request cancels within seconds.
public enum Pause {
    private static let longest = Duration.seconds(1_000_000_000)

    /// - Throws: `CancellationError` as soon as the task is cancelled.
    public static func `for`(_ duration: Duration) async throws {
        try Task.checkCancellation()
        // Used from whatever thread cancels, which dispatch sources allow.
        nonisolated(unsafe) let timer = DispatchSource.makeTimerSource(queue: .global())
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                timer.setEventHandler { timer.cancel() }
                timer.setCancelHandler { continuation.resume() }
                timer.schedule(deadline: .now() + max(.zero, min(duration, longest)).inSeconds)
                timer.activate()
            }
        } onCancel: {
            timer.cancel()
        }
        try Task.checkCancellation()
    }

    public static func until(_ instant: ContinuousClock.Instant) async throws { try await Pause.for(ContinuousClock.now.duration(to: instant)) }
}

import CProcess
import Glibc

/// A thread for a call that blocks, so that Swift's own threads never do.
package enum BlockingThread {
    private final class Body {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private static let stackSize = 256 << 10
    /// Before a thread is tried again that the system had nothing left for.
    private static let pause = Duration.milliseconds(100)

    /// Returns at once, also where the system has no thread left: then `body` runs as soon as it has.
    package static func start(_ body: @escaping @Sendable () -> Void) {
        guard !isStarted(body) else { return }
        Task.detached {
            try? await Task.sleep(for: pause)
            start(body)
        }
    }

    private static func isStarted(_ body: @escaping @Sendable () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackSize)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let context = Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        if failure != 0 { context.release() }
        return failure == 0
    }
}

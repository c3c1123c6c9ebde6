import Foundation

/// A thread for a call that blocks, so that Swift's own threads never do.
package enum BlockingThread {
    package static func start(_ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.stackSize = 256 << 10
        thread.start()
    }
}

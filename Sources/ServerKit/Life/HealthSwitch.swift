import Synchronization
public import Wire

/// Whether a server's health says that it serves: while it takes work, and is fit for it. Both begin and end at any time.
public final class HealthSwitch: Sendable {
    private struct State {
        var takesWork = false
        var isFit = true
        var board: HealthBoard?

        func tell() { board?.set(takesWork && isFit ? .serving : .notServing) }
    }

    private let state = Mutex(State())

    public init() {}

    /// The process has loaded what it needs, and does not drain.
    public var takesWork: Bool {
        get { state.withLock { $0.takesWork } }
        set { change { $0.takesWork = newValue } }
    }

    /// What it needs of others is there.
    public var isFit: Bool {
        get { state.withLock { $0.isFit } }
        set { change { $0.isFit = newValue } }
    }

    /// From now on the board says so.
    public func connect(_ board: HealthBoard) { change { $0.board = board } }

    /// Under the lock: of two changes the board is told the later one last.
    private func change(_ body: (inout sending State) -> Void) {
        state.withLock { state in
            body(&state)
            state.tell()
        }
    }
}

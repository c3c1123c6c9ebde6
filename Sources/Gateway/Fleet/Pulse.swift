/// Whether the process at an address still answers the question what it is, which any process answers beside its work: the decisions,
/// without clocks.
///
/// One question may be lost where a machine is short of everything. A process that leaves two in a row without an answer hangs, is
/// stopped, or can't be reached any more.
package struct Pulse: Sendable, Hashable {
    /// Questions in a row without an answer after which nobody waits for the process any longer.
    package static let limit = 2
    private var process: Registry.Incarnation?
    private var missed = 0

    package init() {}

    package mutating func answered() { missed = 0 }

    /// - Parameter process: that was last heard of at the address; another one begins anew.
    /// - Returns: whether the process is silent, at the limit and after as many misses again: what was done about it may have failed.
    package mutating func missed(_ process: Registry.Incarnation) -> Bool {
        if process != self.process { missed = 0 }
        self.process = process
        missed += 1
        return missed % Self.limit == 0
    }
}

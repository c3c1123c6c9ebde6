/// What the host did to keep a device busy: each of these calls costs microseconds, and an operator that is shorter than its calls
/// leaves the device waiting.
public struct HostCalls: Sendable, Hashable {
    /// First phases of operators: checks, shapes and tiling. A plan that is kept needs none.
    public var plans = 0
    /// Second phases: one for each operator that runs.
    public var launches = 0
    /// Descriptors of tensors, scalars and lists, made and destroyed.
    public var descriptors = 0
    /// Copies, events, waits, memory and replays.
    public var runtime = 0
    /// Operators that replays queued: no calls of the host.
    public var replayed = 0

    public init() {}

    public var total: Int { plans + launches + descriptors + runtime }

    public static func - (left: HostCalls, right: HostCalls) -> HostCalls {
        var result = HostCalls()
        result.plans = left.plans - right.plans
        result.launches = left.launches - right.launches
        result.descriptors = left.descriptors - right.descriptors
        result.runtime = left.runtime - right.runtime
        result.replayed = left.replayed - right.replayed
        return result
    }
}

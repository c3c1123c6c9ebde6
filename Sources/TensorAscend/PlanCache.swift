import CAscend

/// Plans of operators that CANN lets a process launch more than once, so that in a loop only the launches are left.
///
/// A plan is valid for one choice of operator, shapes, addresses and attributes: its key. Whether CANN lets it be kept depends on the
/// views as well as on the operator, so refusals too are remembered by key.
///
/// A plan is marked at once, before its first launch. Without the mark it would stay in CANN's own cache, which does not look at
/// addresses, and what comes out of that cache can't be marked: one layer's unmarked plan would cost the plans of all other layers. A
/// marked plan leaves that cache, so a key that was dropped here can be planned and marked anew.
struct PlanCache {
    struct Key: Hashable {
        let op: Operator
        let views: [Operand.View]
        let attributes: [Double]
    }

    struct Plan {
        let executor: OpaquePointer
        let workspaceSize: UInt64
        /// Must exist as long as the plan.
        let arguments: Arguments
    }

    /// What is known of a key that was planned before.
    enum Known {
        case kept(Plan)
        /// To be planned for each launch.
        case unrepeatable
    }

    private let api: UnsafePointer<ca_api>
    /// A plan takes some 50 KB of the host's memory (estimated): 0.8 GB at the most.
    private var known = AgingCache<Key, Known>(most: 16384)

    init(_ api: UnsafePointer<ca_api>) { self.api = api }

    /// The most keys that are remembered.
    var most: Int {
        get { known.most }
        set { known.most = newValue }
    }

    /// Nil: the key was never planned, or is forgotten.
    mutating func find(_ key: Key) -> Known? { known.use(key) }

    /// Remembers the first plan of a key, which was not launched yet.
    /// - Returns: false if CANN does not let the plan be launched more than once.
    mutating func keep(_ plan: Plan, for key: Key) -> Bool {
        let isKept = api.pointee.aclSetAclOpExecutorRepeatable(plan.executor) == 0
        destroy(known.insert(isKept ? .kept(plan) : .unrepeatable, for: key))
        return isKept
    }

    /// Drops all plans. Nothing that is queued needs them.
    mutating func removeAll() { destroy(known.removeAll()) }

    private func destroy(_ dropped: [Known]) {
        for case .kept(let plan) in dropped {
            _ = api.pointee.aclDestroyAclOpExecutor(plan.executor)
            plan.arguments.destroy()
        }
    }
}

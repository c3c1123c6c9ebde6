import CAscend

/// Plans of operators that CANN lets a process launch more than once, so that in a loop only the launches are left.
///
/// A plan is valid for one choice of operator, shapes, addresses and attributes.
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

    private let api: UnsafePointer<ca_api>
    private var plans: [Key: Plan] = [:]
    private var unrepeatable: Set<Operator> = []

    /// The most plans; all are dropped before there are more.
    private static let most = 16384

    init(_ api: UnsafePointer<ca_api>) { self.api = api }

    /// Whether plans of an operator can be kept, as far as is known.
    func keeps(_ op: Operator) -> Bool { !unrepeatable.contains(op) }

    subscript(key: Key) -> Plan? { plans[key] }

    /// - Returns: false if CANN does not let the plan be launched more than once.
    mutating func insert(_ plan: Plan, for key: Key) -> Bool {
        guard api.pointee.aclSetAclOpExecutorRepeatable(plan.executor) == 0 else {
            unrepeatable.insert(key.op)
            return false
        }
        if plans.count >= PlanCache.most { removeAll() }
        plans[key] = plan
        return true
    }

    /// Drops all plans. Nothing that is queued needs them.
    mutating func removeAll() {
        for plan in plans.values {
            _ = api.pointee.aclDestroyAclOpExecutor(plan.executor)
            plan.arguments.destroy()
        }
        plans.removeAll()
    }
}

/// Whether the gateway can do all that it is there for. `/health/ready` and `glm status` give the reasons why not.
struct Readiness: Sendable {
    let fleet: Fleet
    let jobs: JobRunner?
    let audit: AuditTrail

    /// Empty while all is well.
    var problems: [String] {
        get async {
            [await fleet.readiness, await jobs?.problem, await audit.problem].compactMap(\.self)
        }
    }

    /// Those that keep callers away from this gateway. A database of jobs that is away is away for all gateways: none would be left.
    var obstacles: [String] {
        get async {
            let shared = await jobs?.isShared == true ? await jobs?.problem : nil
            return await problems.filter { $0 != shared }
        }
    }
}

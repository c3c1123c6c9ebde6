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
}

/// Which spans are recorded: OpenTelemetry's samplers.
public struct Sampler: Sendable, Hashable {
    /// What decides about a span that has no parent, or about all.
    public enum Rule: Sendable, Hashable {
        case always
        case never
        /// Of traces, by their ids: what is recorded at one ratio is recorded at any larger one.
        case ratio(Double)
    }

    public let rule: Rule
    /// A span is recorded where the one above it is.
    public let followsParent: Bool

    public init(_ rule: Rule, followsParent: Bool = true) {
        self.rule = rule
        self.followsParent = followsParent
    }

    /// - Parameters:
    ///   - name: one of OpenTelemetry's for `OTEL_TRACES_SAMPLER`.
    ///   - ratio: 0 through 1; read for the samplers by ratio alone.
    /// - Returns: nil for any other name.
    public init?(named name: String, ratio: Double = 1) {
        let prefix = "parentbased_"
        let followsParent = name.hasPrefix(prefix)
        switch followsParent ? String(name.dropFirst(prefix.count)) : name {
        case "always_on": self.init(.always, followsParent: followsParent)
        case "always_off": self.init(.never, followsParent: followsParent)
        case "traceidratio": self.init(.ratio(ratio), followsParent: followsParent)
        default: return nil
        }
    }

    /// - Parameter parent: nil: there is none.
    public func records(_ trace: TraceID, parent: TraceContext?) -> Bool {
        if followsParent, let parent { return parent.isSampled }
        return switch rule {
        case .always: true
        case .never: false
        case .ratio(let ratio): ratio >= 1 || Double(trace.low) < ratio * 0x1p64
        }
    }
}

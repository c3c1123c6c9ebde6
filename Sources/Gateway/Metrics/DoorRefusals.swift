package import Telemetry
import Wire

/// Requests that were turned away before anything was computed of them, by reason.
package struct DoorRefusals: Sendable, Hashable {
    package enum Reason: String, Sendable, CaseIterable {
        /// The admission queue is full.
        case full
        /// Its last places are for callers with fewer requests.
        case share
        /// The deadline can't be met.
        case deadline
        /// No stage of a kind serves, and none is about to.
        case stage
        /// The request can't be computed as it is.
        case request
    }

    private var counts: [Reason: Int] = [:]

    package init() {}

    package var total: Int { counts.values.reduce(0, +) }

    package mutating func count(_ reason: Reason) { counts[reason, default: 0] += 1 }

    /// What a request was refused with before it came to the queue. That its caller left is no refusal.
    package mutating func count(_ error: any Error) {
        if error is CancellationError { return }
        count((error as? CallError)?.status == .unavailable ? .stage : .request)
    }

    package static func + (a: DoorRefusals, b: DoorRefusals) -> DoorRefusals {
        var sum = a
        sum.counts.merge(b.counts, uniquingKeysWith: +)
        return sum
    }

    package var samples: [Sample] {
        Reason.allCases.map {
            Sample(
                "glm_gateway_refused_total", "Requests turned away at the door, by reason.", .counter, labels: [("reason", $0.rawValue)],
                Double(counts[$0] ?? 0))
        }
    }
}

import Domain
import Traces
import Tracing
import Wire

/// The span of one call to a stage. Stages export nothing: their phases become spans here, by what they have measured.
struct StageSpan: Sendable {
    private let span: any Span
    private let kind: StageKind
    private let start = DefaultTracerClock.now.nanosecondsSinceEpoch

    /// - Parameters:
    ///   - name: nil: that of the kind.
    ///   - attempt: which call for the same result this is, from 1.
    init(_ kind: StageKind, _ replica: Registry.Replica, _ models: ModelSet, name: String? = nil, attempt: Int = 1) {
        self.kind = kind
        span = startSpan(name ?? kind.rawValue, ofKind: .client, at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: start))
        span.updateAttributes {
            $0["glm.stage"] = kind.rawValue
            $0["glm.instance"] = replica.ownInstance
            $0["glm.attempt"] = attempt
            $0["gen_ai.request.model"] = models.name
        }
    }

    /// Runs the call, and ends the span with it.
    func during(_ call: () async throws -> Void) async -> Result<Void, any Error> {
        defer { span.end() }
        do {
            return .success(try await ServiceContext.withValue(span.context, operation: call))
        } catch {
            span.recordError(error)
            return .failure(error)
        }
    }

    /// What the event tells of the stage's phases.
    func addPhases(of event: StageEvent) {
        guard span.isRecording else { return }
        let now = DefaultTracerClock.now.nanosecondsSinceEpoch
        // Counted from the arrival of the call at the stage, which is not before ours; no measurement makes a phase longer than the call.
        func instant(_ seconds: Double) -> DefaultTracerClock.Timestamp {
            let nanoseconds = UInt64(exactly: (seconds * 1e9).rounded()) ?? 0
            return DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: min(start &+ min(nanoseconds, now &- start), now))
        }
        for timing in event.timings {
            let phase = startSpan(Self.name(kind, timing.phase), context: span.context, at: instant(timing.start))
            phase.attributes = event.attributes(of: timing.phase)
            phase.end(at: instant(timing.start + timing.seconds))
        }
    }

    /// Files are read and written the same way whichever the stage.
    private static func name(_ kind: StageKind, _ phase: String) -> String { ["read", "write"].contains(phase) ? phase : "\(kind).\(phase)" }
}

extension Stall: SpanFailure {
    var spanFailure: String { "stalled" }
}

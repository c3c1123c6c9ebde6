import Domain
import Wire

/// Who has computed a request, when, and how long it took: what its answer tells.
struct StageRecord: Sendable, Hashable {
    private var fingerprints: [StageKind: String] = [:]
    /// Phases of all stages, in the order of the work.
    private(set) var timings: [StageTiming] = []
    /// In the order of the work; a kind more than once: its stages differed.
    private(set) var numerics: [StageNumerics] = []

    /// Of each kind of stage, of the model that has computed it last.
    var fingerprint: String { ModelSet.joined(fingerprints) }

    /// A stage has sent something.
    mutating func computed(by kind: StageKind, _ source: StageSource) { fingerprints[kind] = source.fingerprint }

    /// A stage has given a part of the result.
    mutating func contributed(_ kind: StageKind, _ source: StageSource) {
        let told = StageNumerics(stage: kind.rawValue, numerics: source.numerics, insteadOf: source.insteadOf)
        if !numerics.contains(told) { numerics.append(told) }
    }

    /// A stage has given its result.
    mutating func finished(_ timings: [Timing], _ kind: StageKind, _ source: StageSource) {
        contributed(kind, source)
        self.timings += timings.enumerated().map { index, timing in
            StageTiming(
                stage: kind.rawValue, instance: source.instance, phase: timing.phase, seconds: timing.seconds, start: source.called + timing.start,
                joules: source.joules.indices.contains(index) ? source.joules[index] : nil)
        }
    }
}

public import Metrics
import Synchronization

/// Counts what a process does, and tells it as Prometheus reads it.
///
/// To be given to `MetricsSystem.bootstrap`. A counter's name ends in `_total`, added where it is missing; a `Meter` and a
/// `Recorder` that does not aggregate are gauges; a `Recorder` that does and a `Timer` are histograms, the latter in seconds.
/// Making a handle costs a lock and two look-ups, counting by it an atomic addition, observing an uncontended lock.
///
/// What can't be told is refused and counted in `glm_telemetry_refused_total`, by metric and reason: `series`, a name with
/// too many label values; `names`, too many names; `kind`, a name that another kind of metric has; `labels`, a label twice or
/// reserved; `value`, a counter that falls or a value that is no finite number. Series that are told together because there would be too many
/// are told of in `glm_telemetry_merged_series_limit`, by metric.
public final class MetricsRegistry: MetricsFactory {
    private struct Shelf {
        let kind: Family.Kind
        let help: String
        var cells: [Labels: any Cell] = [:]
        var isMerged = false
    }

    private struct State {
        var shelves: [String: Shelf] = [:]
        /// Every name that a line begins with.
        var lines: Set<String> = [Refusals.name, Merging.name]
    }

    public let limits: MetricLimits
    private let descriptions: [String: MetricDescription]
    private let refusals = Refusals()
    private let state = Mutex(State())

    /// - Parameter descriptions: help and buckets by name; a metric without one has no help and buckets of seconds.
    public init(_ descriptions: [MetricDescription] = [], limits: MetricLimits = MetricLimits()) {
        self.descriptions = Dictionary(uniqueKeysWithValues: descriptions.map { ($0.name, $0) })
        self.limits = limits
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions) ?? NoCell()
    }

    public func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        counter(label, dimensions) ?? NoCell()
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        cell(.gauge, label, dimensions) { _ in GaugeCell() } ?? NoCell()
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        if aggregate { return histogram(label, dimensions) ?? NoCell() }
        return cell(.gauge, label, dimensions) { _ in GaugeCell() } ?? NoCell()
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions) ?? NoCell()
    }

    public func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    /// Everything counted so far, with values read just now, in the text format 0.0.4.
    public func text(_ samples: [Sample] = []) -> String {
        var (families, lines, merged) = state.withLock { state in
            let families = state.shelves.map { name, shelf in
                Family(name: name, help: shelf.help, kind: shelf.kind, series: shelf.cells.map { Family.Series(labels: $0, reading: $1.reading) })
            }
            return (families, state.lines, state.shelves.filter(\.value.isMerged).map(\.key))
        }
        families += gather(samples, lines: &lines, merged: &merged)
        families += [refusals.family, Merging.family(of: merged, limit: limits.series)]
        return Exposition.text(families)
    }

    // MARK: -

    private func counter(_ label: String, _ dimensions: [(String, String)]) -> CounterCell? {
        cell(.counter, label, dimensions) { [refusals] name in CounterCell { refusals.count(name, .value) } }
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)]) -> HistogramCell? {
        cell(.histogram, label, dimensions) { [refusals, descriptions] name in
            HistogramCell(buckets: descriptions[name]?.buckets ?? MetricDescription.seconds) { refusals.count(name, .value) }
        }
    }

    /// The series' cell, made where it is missing; nil when it is refused.
    private func cell<Made: Cell>(_ kind: Family.Kind, _ label: String, _ dimensions: [(String, String)], make: (String) -> Made) -> Made? {
        let name = Family.name(label, kind)
        let labels = Labels(dimensions)
        return state.withLock { state in
            if state.shelves[name] == nil {
                let lines = Family.lines(name, kind)
                guard state.shelves.count < limits.names else { return refuse("", .names) }
                guard state.lines.isDisjoint(with: lines) else { return refuse(name, .kind) }
                state.lines.formUnion(lines)
                state.shelves[name] = Shelf(kind: kind, help: descriptions[name]?.help ?? "")
            }
            guard state.shelves[name]?.kind == kind else { return refuse(name, .kind) }
            guard var labels else { return refuse(name, .labels) }
            if let cell = state.shelves[name]?.cells[labels] { return cell as? Made }
            if state.shelves[name]?.cells.count ?? 0 >= limits.series {
                guard kind != .gauge, let merged = descriptions[name]?.merged, !merged.isEmpty else { return refuse(name, .series) }
                state.shelves[name]?.isMerged = true
                labels = labels.without(merged)
                if let cell = state.shelves[name]?.cells[labels] { return cell as? Made }
                // What is merged is bounded, too.
                guard state.shelves[name]?.cells.count ?? 0 < 2 * limits.series else { return refuse(name, .series) }
            }
            let cell = make(name)
            state.shelves[name]?.cells[labels] = cell
            return cell
        }
    }

    private func refuse<Made>(_ name: String, _ reason: Refusals.Reason) -> Made? {
        refusals.count(name, reason)
        return nil
    }

    private func remove(_ handler: AnyObject) {
        state.withLock { state in
            for name in state.shelves.keys {
                guard let labels = state.shelves[name]?.cells.first(where: { $0.value === handler })?.key else { continue }
                state.shelves[name]?.cells[labels] = nil
                return
            }
        }
    }

    /// The samples as families that fit beside those that are counted.
    private func gather(_ samples: [Sample], lines: inout Set<String>, merged: inout [String]) -> [Family] {
        var found: [String: SampledFamily] = [:]
        for sample in samples {
            let kind: Family.Kind = sample.kind == .counter ? .counter : .gauge
            let name = Family.name(sample.name, kind)
            if found[name] == nil {
                guard lines.insert(name).inserted else {
                    refusals.count(name, .kind)
                    continue
                }
                found[name] = SampledFamily(name: name, help: sample.help, kind: kind, merged: sample.merged)
            }
            if let reason = found[name]?.add(sample, kind) { refusals.count(name, reason) }
        }
        return found.values.map { sampled in
            var sampled = sampled
            if sampled.merge(over: limits.series) { merged.append(sampled.name) }
            for _ in 0..<max(0, sampled.values.count - limits.series) { refusals.count(sampled.name, .series) }
            return sampled.family(most: limits.series)
        }
    }
}

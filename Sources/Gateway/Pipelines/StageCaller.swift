import Domain
import Processes
import ServerKit
import Tracing
import Wire

/// Makes the calls of one request, each on as many stages one after the other as it takes.
struct StageCaller: Sendable {
    let fleet: Fleet
    let timing: FleetTiming
    let energy: EnergyAccount
    let requestID: String
    /// When the request came.
    let arrival: ContinuousClock.Instant
    /// The models of the request, as they were when it was accepted.
    let models: ModelSet
    /// What it asks of each kind of stage.
    let units: [StageKind: Forecast.Units]
    /// Its place in the order of requests.
    let turn: FairOrder.Turn
    /// The caller's deadline; stages get what is left of it.
    let deadline: ContinuousClock.Instant?
    /// What it is told when so many requests go before it.
    let place: @Sendable (_ ahead: Int) async -> LinePlace

    typealias OnEvent = @Sendable (StageEvent, StageSource) async throws -> Void

    /// The model of now: a swap may have come since the request was accepted.
    func model(_ kind: StageKind) async -> String? { await fleet.fingerprint(kind, of: models) }

    /// Which model and numerics a call would be computed with now, on whichever instance.
    func expectedSource(_ kind: StageKind) async -> StageSource {
        let model = await model(kind)
        return StageSource(instance: "", fingerprint: model ?? "", numerics: await fleet.numerics(kind, model: model) ?? Numerics())
    }

    /// A call that loses its stage goes to one of the same numerics where one serves; the answer tells who computed it in the end.
    /// - Parameters:
    ///   - request: what an attempt on a stage of the model with this fingerprint asks for.
    ///   - onPlace: called while it waits for a stage.
    ///   - onEvent: called in order; what it throws is the attempt's failure.
    /// - Throws: ``CallError``; `CancellationError`.
    func call(
        _ call: StageCall, _ request: @escaping @Sendable (_ model: String?) async throws -> StageRequest,
        onPlace: @escaping @Sendable (LinePlace) -> Void, onEvent: @escaping OnEvent
    ) async throws {
        let kind = call.request.kind
        var attempts = Attempts()
        var calls = 0
        var numerics: Numerics?
        var remainder = Remainder(units: units.filter { $0.key > kind }, deadline: deadline)
        remainder.units[kind] = call.units
        while true {
            let slot = SlotRequest(
                kind: kind, turn: turn, modelName: models.name, model: await model(kind), numerics: numerics, avoid: attempts.avoid,
                isolated: attempts.needsIsolation, stepCache: call.request.stepCache)
            // A request that has lost a stage waits for the next one to come up.
            let patience = attempts.isFirst ? Duration.zero : .seconds(10)
            let asked = ContinuousClock.now
            let lease = try await withSpan("queue") { span in
                span.attributes["glm.stage"] = kind.rawValue
                return try await fleet.slot(slot, remainder, patience: patience) { onPlace(await place($0)) }
            }
            GatewayMetrics.waited(asked.duration(to: .now), for: kind)
            numerics = numerics ?? lease.replica.numerics
            let stageRequest = try await self.request(request, lease)
            calls += 1
            let span = StageSpan(kind, lease.replica, models, attempt: calls)
            let source = lease.source(first: numerics, called: arrival.duration(to: .now).inSeconds)
            switch await span.during({ try await attempt(call, stageRequest, lease, source, span, onEvent) }) {
            case .success: return
            case .failure(let error):
                if let pause = try await pause(after: error, at: lease, &attempts) {
                    let end = ContinuousClock.now + pause
                    try await Pause.until(deadline.map { min($0, end) } ?? end)
                }
            }
        }
    }

    /// One call on one stage, if one has a slot that nobody needs now. It ends without an answer as soon as somebody needs the slot. Nothing is
    /// learnt of it, nothing is made again, and the stage is not blamed: its next call shows what there is to blame.
    func sideCall(_ call: StageCall, onEvent: @escaping OnEvent) async {
        let kind = call.request.kind
        let slot = SlotRequest(kind: kind, turn: turn, modelName: models.name, model: await model(kind))
        guard let spare = await fleet.spareSlot(slot) else { return }
        let lease = spare.lease
        let source = lease.source(called: arrival.duration(to: .now).inSeconds)
        let settings = CallSettings(timeout: deadline.map { max(ContinuousClock.now.duration(to: $0), .milliseconds(1)) }, requestID: requestID)
        let span = StageSpan(kind, lease.replica, models, name: "preview")
        let measured = energy.begin(lease.replica, model: models.name)
        defer { measured?.end() }
        _ = await span.during {
            do {
                try await race {
                    try await call.request.call(lease.connection, settings, beat: {}) { event in
                        span.addPhases(of: event)
                        try await onEvent(event, source)
                    }
                } _: {
                    _ = await spare.wanted.value
                }
            } catch is CancellationError {
                // The work that it stood beside is done.
            }
        }
        await fleet.release(lease.id)
    }

    /// What the stage is asked for; the slot is given back where it can be asked for nothing.
    private func request(_ make: @Sendable (_ model: String?) async throws -> StageRequest, _ lease: SlotLease) async throws -> StageRequest {
        do { return try await make(lease.replica.fingerprint) } catch {
            await fleet.release(lease.id)
            throw error
        }
    }

    /// One call on one stage.
    private func attempt(
        _ call: StageCall, _ request: StageRequest, _ lease: SlotLease, _ source: StageSource, _ span: StageSpan, _ onEvent: @escaping OnEvent
    ) async throws {
        let start = ContinuousClock.now
        let left = deadline.map { max(start.duration(to: $0), Duration.milliseconds(1)) }
        let settings = CallSettings(timeout: left, requestID: requestID)
        let heartbeat = Heartbeat()
        let measured = energy.begin(lease.replica, model: models.name)
        defer { measured?.end() }
        do {
            let limit = timing.stallLimit(lease.replica.description?.device ?? "")
            try await Stall.watching(heartbeat, limit: limit, progress: { await Probe.progress(lease.connection, within: limit / 4) }) {
                try await fleet.whileAlive(lease.replica.incarnation) {
                    try await request.call(lease.connection, settings, beat: heartbeat.beat) { event in
                        span.addPhases(of: event)
                        GatewayMetrics.measured(event.timings, by: lease.replica)
                        var source = source
                        source.joules = measured?.joules(event.timings) ?? []
                        try await onEvent(event, source)
                    }
                }
            }
            await fleet.answered(lease, model: models.name, units: call.units, seconds: start.duration(to: .now).inSeconds)
        } catch {
            if error is CancellationError || (error as? CallError)?.status == .deadlineExceeded {
                await fleet.wasCut(lease, model: models.name, units: call.units, seconds: start.duration(to: .now).inSeconds)
            }
            throw error
        }
    }

    /// Gives the slot back and decides.
    /// - Returns: how long to wait before another stage is asked; nil: not at all.
    /// - Throws: what ends the request.
    private func pause(after error: any Error, at lease: SlotLease, _ attempts: inout Attempts) async throws -> Duration? {
        switch error {
        case let error as CallError:
            if error.status == .deadlineExceeded, let deadline, deadline <= .now {
                await fleet.release(lease.id)
                throw CallError(.deadlineExceeded, "the deadline passed while stage \(lease.replica.name) computed")
            }
            let verdict = attempts.failed(error, at: lease.replica)
            if Attempts.isSuspicious(error) { await fleet.failed(lease) } else { await fleet.release(lease.id) }
            switch verdict {
            case .again(let pause): return pause
            case .giveUp(let error): throw error
            }
        case let stall as Stall:
            let error = CallError(.unavailable, stall.message)
            let verdict = attempts.failed(error, at: lease.replica)
            await fleet.stalled(lease, error.message)
            if case .giveUp(let error) = verdict { throw error }
            return nil
        default:
            await fleet.release(lease.id)
            throw error
        }
    }
}

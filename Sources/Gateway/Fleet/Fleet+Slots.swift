import Logging
import Processes
import ServerKit
import Domain
import Wire

/// Who gets which slot: ``SlotScheduler`` decides, requests wait here.
extension Fleet {
    /// Waits for the request's turn.
    /// - Parameters:
    ///   - remainder: what it still has to have computed, and until when.
    ///   - patience: how long to wait while no stage of the kind serves and none is expected.
    ///   - onPlace: called while it waits, with the number of requests that go first; not after the return.
    /// - Throws: DEADLINE_EXCEEDED as soon as it can't be done in time; UNAVAILABLE after `patience`; `CancellationError`.
    func slot(
        _ request: SlotRequest, _ remainder: Remainder = Remainder(), patience: Duration, onPlace: @escaping @Sendable (_ ahead: Int) async -> Void
    ) async throws -> SlotLease {
        let hopelessness = hopelessness(of: request)
        if patience == .zero, let hopelessness { throw hopelessness }
        let id = scheduler.enqueue(request)
        let turn = Promise<Result<SlotLease, CallError>>()
        let (places, place) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))
        waiting[id] = Waiting(
            request: request, remainder: remainder, hopesUntil: .now + max(patience, Self.grace), turn: turn, places: place)
        advance()
        if hopelessness != nil { endHopelessWaits() }
        let limit = turn.current == nil ? timeLimit(of: id) : nil
        defer { limit?.cancel() }
        let following = turn.current == nil ? Task { await follow(places, onPlace) } : nil
        let outcome = await turn.value
        following?.cancel()
        await following?.value
        guard let result = outcome else {
            release(id)
            throw CancellationError()
        }
        switch result {
        case .success(let lease): return lease
        case .failure(let error):
            release(id)
            throw error
        }
    }

    /// Runs a call to one process of a stage, but no longer than until the process is silent, or another has taken its place: a call may
    /// be left without an answer when the process under it dies at the wrong moment.
    nonisolated func whileAlive<R: Sendable>(_ incarnation: Registry.Incarnation, _ body: @escaping @Sendable () async throws -> R) async throws -> R
    {
        try await race(body) {
            await self.until(at: incarnation.address) { $0.end(of: incarnation) != nil }
            try Task.checkCancellation()
            throw CallError(.unavailable, await self.registry.end(of: incarnation) ?? "has ended")
        }
    }

    /// The stage has answered.
    func answered(_ lease: SlotLease, model: String, units: Forecast.Units, seconds: Double) {
        if let kind = lease.replica.kind {
            forecasts[model, default: Forecast()].learn(kind, units, seconds: seconds, beside: beside(lease), now: .now)
            done[kind, default: 0] += 1
        }
        if registry.answered(lease.replica.incarnation) { links[lease.replica.address]?.probes.answered(now: .now) }
        release(lease.id)
    }

    /// The call was ended before its answer, by its deadline or its caller; the slot is still held.
    func wasCut(_ lease: SlotLease, model: String, units: Forecast.Units, seconds: Double) {
        if let kind = lease.replica.kind { forecasts[model]?.learnCut(kind, units, seconds: seconds, beside: beside(lease), now: .now) }
    }

    /// Requests that the stage had during a call, in the mean of its beginning and its end.
    private func beside(_ lease: SlotLease) -> Double { Double(lease.beside + scheduler.running(at: lease.replica.address)) / 2 }

    /// The stage has failed; it gets no more requests before it has passed a probe.
    func failed(_ lease: SlotLease) {
        retries += 1
        if registry.suspect(lease.replica.incarnation) { links[lease.replica.address]?.probes.suspected() }
        links[lease.replica.address]?.wakeUp.yield()
        release(lease.id)
    }

    /// The stage made no progress on a request for too long. Where nothing takes its place, it is probed until it works again.
    func stalled(_ lease: SlotLease, _ problem: String) async {
        let replica = lease.replica
        retries += 1
        if registry.stalled(replica.incarnation, problem) {
            logger.warning("stage stalls", metadata: ["stage": "\(replica.name)", "address": "\(replica.address)", "problem": "\(problem)"])
            links[replica.address]?.probes.stalled(now: .now)
        }
        await replace(replica, .stalled(problem))
        links[replica.address]?.wakeUp.yield()
        release(lease.id)
    }

    /// The slot is not needed any more; nothing was learnt.
    func release(_ id: SlotScheduler.ID) {
        waiting[id] = nil
        spares[id] = nil
        scheduler.release(id)
        advance()
    }

    /// Ends a wait for a slot that would come too late.
    private func timeLimit(of id: SlotScheduler.ID) -> Task<Void, any Error>? {
        guard let waiter = waiting[id], let latest = waiter.remainder.latestStart(forecast(waiter.request.modelName), now: .now) else { return nil }
        return Task {
            try await Pause.until(latest)
            waiter.turn.fulfil(.failure(waiter.remainder.lateness(forecast(waiter.request.modelName), now: .now)))
        }
    }

    func advance() {
        passOnChanges()
        while true {
            let assignments = scheduler.assignments(registry)
            if assignments.isEmpty {
                reclaimSpareSlots()
                return tellPlacesSoon()
            }
            for assignment in assignments { grant(assignment) }
        }
    }

    /// Hands a slot to the request that it was assigned to, unless it could not make use of it: then the next one gets it.
    private func grant(_ assignment: SlotScheduler.Assignment) {
        guard let waiter = waiting.removeValue(forKey: assignment.id) else { return }
        let running = scheduler.running(at: assignment.address)
        if let late = waiter.remainder.refusal(
            forecast(waiter.request.modelName), othersLose: scheduler.waiting(waiter.request.kind) > 0 || running > 1,
            beside: [waiter.request.kind: Double(running)], now: .now)
        {
            scheduler.release(assignment.id)
            return waiter.turn.fulfil(.failure(late))
        }
        guard let replica = registry.replicas[assignment.address], let link = links[assignment.address] else {
            return waiter.turn.fulfil(.failure(registry.missing(waiter.request.kind, model: waiter.request.model)))
        }
        waiter.turn.fulfil(.success(SlotLease(id: assignment.id, replica: replica, connection: link.connection, beside: running)))
    }

    /// One request in a slot of the kind, of whichever model; 0: none yet.
    func meanSeconds(_ kind: StageKind) -> Double {
        let known = forecasts.values.map { $0.seconds(kind) }.filter { $0 > 0 }
        return known.isEmpty ? 0 : known.reduce(0, +) / Double(known.count)
    }
}

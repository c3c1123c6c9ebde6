import ServerKit
import Processes
import ServerKit
import Domain
import Wire

/// Who gets which slot: ``SlotScheduler`` decides, requests wait here.
extension Fleet {
    /// Waits for the request's turn.
    /// - Parameter patience: how long to wait while no stage of the kind serves and none is expected.
    /// - Throws: UNAVAILABLE after `patience`; `CancellationError`.
    func slot(_ request: SlotRequest, patience: Duration) async throws -> SlotLease {
        if patience == .zero, isHopeless(request) { throw registry.missing(request.kind, model: request.model) }
        let id = scheduler.enqueue(request)
        let turn = Promise<Result<SlotLease, CallError>>()
        waiting[id] = Waiting(request: request, turn: turn)
        advance()
        let patience = Task {
            try await Task.sleep(for: max(patience, .seconds(1)))
            while true {
                if isHopeless(request) { turn.fulfil(.failure(registry.missing(request.kind, model: request.model))) }
                try await Task.sleep(for: .seconds(1))
            }
        }
        defer { patience.cancel() }
        guard let result = await turn.value else {
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
            await self.until { $0.end(of: incarnation) != nil }
            try Task.checkCancellation()
            throw CallError(.unavailable, await self.registry.end(of: incarnation) ?? "has ended")
        }
    }

    /// The stage has answered.
    func answered(_ lease: SlotLease, units: Forecast.Units, seconds: Double) {
        if let kind = lease.replica.kind {
            forecast.learn(kind, units, seconds: seconds)
            done[kind, default: 0] += 1
        }
        if registry.answered(lease.replica.incarnation) { links[lease.replica.address]?.probes.answered(now: .now) }
        release(lease.id)
    }

    /// The stage has failed; it gets no more requests before it has passed a probe.
    func failed(_ lease: SlotLease) {
        retries += 1
        if registry.suspect(lease.replica.incarnation) { links[lease.replica.address]?.probes.suspected() }
        links[lease.replica.address]?.wakeUp.yield()
        release(lease.id)
    }

    /// The stage made no progress on a request for too long.
    func stalled(_ lease: SlotLease, _ problem: String) async {
        registry.lost(lease.replica.address, problem)
        await replace(lease.replica, .stalled(problem))
        failed(lease)
    }

    /// The slot is not needed any more; nothing was learnt.
    func release(_ id: SlotScheduler.ID) {
        waiting[id] = nil
        scheduler.release(id)
        advance()
    }

    private func isHopeless(_ request: SlotRequest) -> Bool {
        guard registry.candidates(request.kind, model: request.model).isEmpty, !expected.contains(request.kind) else { return false }
        return !registry.replicas.values.contains { $0.kind == request.kind && $0.isBeingProbed }
    }

    func advance() {
        for assignment in scheduler.assign(registry, seconds: { [forecast] in forecast.seconds($0.kind ?? .text) }) {
            guard let waiter = waiting.removeValue(forKey: assignment.id) else { continue }
            guard let replica = registry.replicas[assignment.address], let link = links[assignment.address] else {
                waiter.turn.fulfil(.failure(registry.missing(waiter.request.kind, model: waiter.request.model)))
                continue
            }
            waiter.turn.fulfil(.success(SlotLease(id: assignment.id, replica: replica, connection: link.connection)))
        }
    }

    func slots(_ kind: StageKind) -> Int {
        registry.serving(kind).reduce(0) { $0 + $1.slots }
    }
}

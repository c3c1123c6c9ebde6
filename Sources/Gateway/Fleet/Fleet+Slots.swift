import Processes
import Domain
import Wire

/// Who gets which slot: ``Dispatch`` decides, requests wait here.
extension Fleet {
    /// Waits for the request's turn.
    /// - Parameter patience: how long to wait while no stage of the kind serves and none is expected.
    /// - Throws: UNAVAILABLE after `patience`; `CancellationError`.
    func slot(_ wish: Dispatch.Wish, patience: Duration) async throws -> Lease {
        if patience == .zero, isHopeless(wish) { throw registry.missing(wish.kind) }
        let id = dispatch.wish(wish)
        let turn = Promise<Result<Lease, CallError>>()
        waiting[id] = Waiting(wish: wish, turn: turn)
        advance()
        let patience = Task {
            try await Task.sleep(for: max(patience, .seconds(1)))
            while true {
                if isHopeless(wish) { turn.fulfil(.failure(registry.missing(wish.kind))) }
                try await Task.sleep(for: .seconds(1))
            }
        }
        defer { patience.cancel() }
        guard let result = await turn.value else {
            leave(id)
            throw CancellationError()
        }
        switch result {
        case .success(let lease): return lease
        case .failure(let error):
            leave(id)
            throw error
        }
    }

    /// Runs a call to one process of a stage, but no longer than until another process has taken its place: a call may be left
    /// without an answer when the process under it dies at the wrong moment.
    nonisolated func calling<R: Sendable>(_ incarnation: Registry.Incarnation, _ body: @escaping @Sendable () async throws -> R) async throws -> R {
        try await withThrowingTaskGroup(of: R.self) { group in
            group.addTask { try await body() }
            group.addTask {
                await self.until { $0.isReplaced(incarnation) }
                try Task.checkCancellation()
                throw CallError(.unavailable, "another process has taken its place")
            }
            defer { group.cancelAll() }
            return try await group.next()!
        }
    }

    /// The stage has answered.
    func answered(_ lease: Lease, units: Forecast.Units, seconds: Double) {
        if let kind = lease.replica.kind {
            forecast.learn(kind, units, seconds: seconds)
            done[kind, default: 0] += 1
        }
        if registry.answered(lease.replica.incarnation) { links[lease.replica.address]?.pulse.answered(now: .now) }
        leave(lease.id)
    }

    /// The stage has failed; it gets no more requests before it has proved that it works.
    func failed(_ lease: Lease) {
        retries += 1
        if registry.doubt(lease.replica.incarnation) { links[lease.replica.address]?.pulse.doubted() }
        links[lease.replica.address]?.wakeUp.yield()
        leave(lease.id)
    }

    /// The stage has not made anything for too long.
    func stalled(_ lease: Lease, _ problem: String) async {
        registry.lost(lease.replica.address, problem)
        await condemn(lease.replica, problem)
        failed(lease)
    }

    /// The slot is not needed any more; nothing was learnt.
    func leave(_ id: Dispatch.ID) {
        waiting[id] = nil
        dispatch.leave(id)
        advance()
    }

    private func isHopeless(_ wish: Dispatch.Wish) -> Bool {
        guard registry.candidates(wish.kind, model: wish.model).isEmpty, !expected.contains(wish.kind) else { return false }
        let comes = registry.replicas.values.contains { $0.kind == wish.kind && $0.problem.isEmpty && !$0.proved }
        return !comes
    }

    func advance() {
        for assignment in dispatch.assign(registry, seconds: { [forecast] in forecast.seconds($0.kind ?? .text) }) {
            guard let waiter = waiting.removeValue(forKey: assignment.id) else { continue }
            guard let replica = registry.replicas[assignment.address], let link = links[assignment.address] else {
                waiter.turn.fulfil(.failure(registry.missing(waiter.wish.kind)))
                continue
            }
            waiter.turn.fulfil(.success(Lease(id: assignment.id, replica: replica, connection: link.connection)))
        }
    }

    func slots(_ kind: StageKind) -> Int {
        registry.candidates(kind, model: registry.pipeline[kind]).reduce(0) { $0 + $1.slots }
    }
}

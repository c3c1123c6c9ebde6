import Domain
import Processes
import ServerKit
import Tracing
import Wire

/// Nobody waits for stages that don't come.
extension Fleet {
    /// A stage may come back so soon that nobody who waits has to hear of it.
    static let grace = Duration.seconds(1)

    /// Why no stage will take a request; nil: one does, or may come.
    func hopelessness(of request: SlotRequest) -> CallError? {
        if let error = registry.refusal(ofStepCache: request.stepCache, model: request.model) { return error }
        guard !registry.hasCandidates(request.kind, model: request.model), !expected.contains(request.kind),
            !registry.isBeingProbed(request.kind)
        else { return nil }
        return registry.missing(request.kind, model: request.model)
    }

    /// Looks at those who wait for as long as there are any whom no stage will take: all others sleep until they are told.
    func endHopelessWaits() {
        guard hopelessWaits == nil, isAnyHopeless else { return }
        hopelessWaits = ServiceContext.withValue(nil) {
            Task {
                while isAnyHopeless {
                    try? await Pause.for(Self.grace)
                    giveUp(now: .now)
                }
                hopelessWaits = nil
            }
        }
    }

    private var isAnyHopeless: Bool { scheduler.wishes.contains { hopelessness(of: $0) != nil } }

    private func giveUp(now: ContinuousClock.Instant) {
        var known: [Wish: CallError?] = [:]
        for waiter in waiting.values where waiter.hopesUntil <= now {
            let wish = Wish(waiter.request), error = known[wish] ?? hopelessness(of: waiter.request)
            known[wish] = .some(error)
            if let error { waiter.turn.fulfil(.failure(error)) }
        }
    }
}

/// What decides whether a stage may come for a request.
private struct Wish: Hashable {
    let kind: StageKind
    let model: String?
    let stepCache: Float

    init(_ request: SlotRequest) { (kind, model, stepCache) = (request.kind, request.model, request.stepCache) }
}

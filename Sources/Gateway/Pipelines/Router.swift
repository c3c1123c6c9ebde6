import Domain
import ServerKit
import Wire

/// Takes one request through the stages: makes the calls that its pipeline asks for, until it is done.
struct Router: Sendable {
    let caller: StageCaller
    /// What vision has made of images before.
    let encoded: EncodedPictures

    /// - Parameters:
    ///   - reached: called with the kind of stage that the next step needs.
    ///   - news: gets what the caller is to hear. Nothing here waits for the caller: its stages would seem to stand still, and its place be kept.
    /// - Throws: ``CallError``; `CancellationError` when the task was cancelled, after the stages were told.
    func run<P: Pipeline>(_ pipeline: P, reached: @Sendable (StageKind) async -> Void, news: EventBuffer<News<P>>) async throws -> P.Response {
        let course = Course(pipeline)
        while true {
            switch try await course.pipeline.next {
            case .done(let response): return response
            case .calls(let calls, let item):
                if let kind = calls.first?.request.kind { await reached(kind) }
                if let item { news.append(.work(item)) }
                try await perform(calls, course, news)
                try Task.checkCancellation()
            }
        }
    }

    /// All calls of a step at the same time, with those beside them, which end when they are done. Every event changes the pipeline, in the order in
    /// which they come.
    private func perform<P: Pipeline>(_ calls: [StageCall], _ course: Course<P>, _ news: EventBuffer<News<P>>) async throws {
        let (sideCalls, sideCall) = AsyncStream.makeStream(of: StageCall.self)
        async let _: Void = {
            for await call in sideCalls {
                await caller.sideCall(call) { _ = try await course.received($0, call, $1, news) }
            }
        }()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for call in calls { group.addTask { try await perform(call, course, news) { sideCall.yield($0) } } }
            try await group.waitForAll()
        }
    }

    private func perform<P: Pipeline>(
        _ call: StageCall, _ course: Course<P>, _ news: EventBuffer<News<P>>, offer: @escaping @Sendable (StageCall) -> Void
    ) async throws {
        if let known = await known(call.request) {
            _ = try await course.received(known.value.event, call, known.source, news)
            return
        }
        do {
            try await caller.call(call) { model in
                try await course.pipeline.request(of: call, model: model)
            } onPlace: { place in
                // Calls of one step wait together, and have the same place.
                news.append(.place(place))
            } onEvent: { event, source in
                // By the model and the numerics that have read it, which may have changed meanwhile.
                if let value = event.cached, let key = call.request.cacheKey(source) { await encoded.keep(value, for: key) }
                if let sideCall = try await course.received(event, call, source, news) { offer(sideCall) }
            }
        } catch let error as CallError {
            throw await course.pipeline.refusal(error, of: call)
        }
    }

    /// The answer to a request that a stage would give again.
    private func known(_ request: StageRequest) async -> (value: EncoderCache.Value, source: StageSource)? {
        guard request.kind == .vision else { return nil }
        let source = await caller.expectedSource(.vision)
        guard let key = request.cacheKey(source), let value = await encoded.value(key) else { return nil }
        return (value, source)
    }
}

/// A pipeline under way, which several calls tell of their events.
private actor Course<P: Pipeline> {
    private(set) var pipeline: P

    init(_ pipeline: P) { self.pipeline = pipeline }

    /// - Returns: a call that is of use beside the others now.
    func received(_ event: StageEvent, _ call: StageCall, _ source: StageSource, _ news: EventBuffer<News<P>>) throws(CallError) -> StageCall? {
        if let item = try pipeline.received(event, for: call, from: source) { news.append(.work(item)) }
        return pipeline.takeSideCall()
    }
}

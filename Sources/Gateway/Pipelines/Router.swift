import Domain
import Wire

/// Takes one request through the stages: makes the calls that its pipeline asks for, until it is done.
struct Router: Sendable {
    let caller: StageCaller
    /// Codes of pictures that vision has read before.
    let encoded: EncodedPictures

    /// - Parameter progress: called in order, from one task; what it throws ends the work.
    /// - Throws: ``CallError``; `CancellationError` when the task was cancelled, after the stages were told.
    func run<P: Pipeline>(_ pipeline: P, progress: Send<Progress>) async throws -> P.Response {
        var pipeline = pipeline
        while true {
            switch try pipeline.next {
            case .done(let response): return response
            case .calls(let calls, let beginning):
                if let beginning { try await progress(beginning) }
                try await perform(calls, &pipeline, progress)
            }
        }
    }

    /// All calls of a step at the same time; every event changes the pipeline, in the order in which they come.
    private func perform<P: Pipeline>(_ calls: [StageCall], _ pipeline: inout P, _ progress: Send<Progress>) async throws {
        let (events, continuation) = AsyncThrowingStream.makeStream(of: (StageEvent, StageCall, StageSource).self)
        let work = Task { [pipeline] in
            do {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for call in calls {
                        group.addTask {
                            do {
                                try await perform(call) { continuation.yield(($0, call, $1)) }
                            } catch let error as CallError {
                                throw pipeline.refusal(error, of: call)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        // Also when `progress` throws, because the client has left.
        defer { work.cancel() }
        try await withTaskCancellationHandler {
            for try await (event, call, source) in events {
                if let news = pipeline.received(event, for: call, from: source) { try await progress(news) }
            }
            try Task.checkCancellation()
        } onCancel: {
            work.cancel()
        }
    }

    private func perform(_ call: StageCall, onEvent: @escaping @Sendable (StageEvent, StageSource) async -> Void) async throws {
        guard case .encode(let request) = call.request else { return try await caller.call(call, onEvent: onEvent) }
        let known = await caller.expectedSource(.vision)
        if let grid = await encoded.codes(known.cacheKey(request)) {
            return await onEvent(.encoded(EncodeResponse(grid: grid, timings: [])), known)
        }
        try await caller.call(call) { event, source in
            if case .encoded(let response) = event {
                // By the model and the numerics that have read it, which may have changed meanwhile.
                await encoded.keep(response.grid, for: source.cacheKey(request))
            }
            await onEvent(event, source)
        }
    }
}

/// Codes of pictures that were read before, shared by all requests.
actor EncodedPictures {
    private var cache = EncoderCache()

    func codes(_ key: EncoderCache.Key) -> CodeGrid? { cache.codes(key) }
    func keep(_ grid: CodeGrid, for key: EncoderCache.Key) { cache.keep(grid, for: key) }
    var counts: (hits: Int, misses: Int) { (cache.hits, cache.misses) }
}

extension StageSource {
    fileprivate func cacheKey(_ request: EncodeRequest) -> EncoderCache.Key {
        EncoderCache.Key(picture: request.image, model: fingerprint, numerics: numerics)
    }
}

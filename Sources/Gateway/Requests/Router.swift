import Domain
import ServerKit
import Synchronization
import Wire

/// Takes one order through the stages; a stage that fails costs it a retry on another.
struct Router: Sendable {
    let fleet: Fleet
    let encoded: EncodedPictures
    let timing: FleetTiming
    let order: Order
    let pipeline: Pipeline
    /// Its place in the order of arrival.
    let arrival: Int
    /// When the caller stops to wait; the stages get what is left of it.
    let deadline: ContinuousClock.Instant?

    /// - Parameter progress: called in order, from one task; what it throws ends the work.
    /// - Throws: ``CallError``; `CancellationError` when the task was cancelled, after the stages were told.
    func run(progress: Send<Progress>) async throws -> GeneratedImage {
        var life = RequestLife(order)
        while true {
            switch life.next {
            case .encode(let sources):
                try await encode(sources, &life, progress)
            case .generate(let request):
                let units = order.units[.text] ?? 0
                try await follow(.text, units, &life, progress, { $0.received($1, from: $2) }) { connection, settings, onEvent in
                    _ = try await TextClient(connection).generate(request, settings, onEvent: onEvent)
                }
            case .render(let request):
                try await progress(Progress(stage: StageKind.diffusion.rawValue, done: 0, total: order.steps))
                let units = order.units[.diffusion] ?? 0
                try await follow(.diffusion, units, &life, progress, { $0.received($1, from: $2) }) { connection, settings, onEvent in
                    _ = try await DiffusionClient(connection).render(request, settings, onEvent: onEvent)
                }
            case .done:
                guard let answer = life.answer(build: Build.version) else { preconditionFailure("done without a picture") }
                return answer
            }
        }
    }

    /// All sources at the same time, each on the stage that is free.
    private func encode(_ sources: Int, _ life: inout RequestLife, _ progress: Send<Progress>) async throws {
        try await progress(Progress(stage: StageKind.vision.rawValue, done: 0, total: sources))
        let model = await fleet.model(.vision) ?? pipeline.fingerprints[.vision] ?? ""
        life.fingerprints[.vision] = model
        try await withThrowingTaskGroup(of: (Int, EncodeResponse, String).self) { group in
            for index in 0..<sources {
                group.addTask {
                    let picture = order.images[index]
                    let key = EncoderCache.Key(picture: picture, model: model)
                    if let grid = await encoded.codes(key) { return (index, EncodeResponse(grid: grid, timings: []), "") }
                    do {
                        let (response, replica) = try await calling(.vision, units: 1) { connection, settings, _ in
                            try await VisionClient(connection).encode(EncodeRequest(image: picture), settings)
                        }
                        await encoded.keep(response.grid, for: key)
                        return (index, response, replica.instance)
                    } catch var error as CallError where error.status == .invalidArgument {
                        // Vision calls its one picture "image".
                        error.message = "images[\(index)]: \(error.message.trimmingPrefix("image: "))"
                        throw error
                    }
                }
            }
            for try await (index, response, instance) in group {
                try await progress(life.encoded(index, response, by: instance))
            }
        }
    }

    /// A stage's stream: every event changes `life`, in order.
    private func follow<Event: Sendable>(
        _ kind: StageKind, _ units: Forecast.Units, _ life: inout RequestLife, _ progress: Send<Progress>,
        _ receive: (inout RequestLife, Event, String) -> Progress?,
        _ start: @escaping @Sendable (StageConnection, CallSettings, @escaping Send<Event>) async throws -> Void
    ) async throws {
        let (events, continuation) = AsyncThrowingStream.makeStream(of: (Event, Registry.Replica).self)
        let work = Task {
            do {
                _ = try await calling(kind, units: units) { connection, settings, alive in
                    try await start(connection, settings) { event in
                        alive.beat()
                        continuation.yield((event, alive.replica))
                    }
                }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        // Also when `progress` throws, because the client has left.
        defer { work.cancel() }
        try await withTaskCancellationHandler {
            for try await (event, replica) in events {
                life.fingerprints[kind] = replica.fingerprint
                if let told = receive(&life, event, replica.instance) { try await progress(told) }
            }
            try Task.checkCancellation()
        } onCancel: {
            work.cancel()
        }
    }

    /// One call, on as many stages one after the other as it takes.
    private func calling<R: Sendable>(
        _ kind: StageKind, units: Forecast.Units, _ body: @escaping @Sendable (StageConnection, CallSettings, Heartbeat) async throws -> R
    ) async throws -> (R, Registry.Replica) {
        var attempts = Attempts()
        while true {
            // The pipeline's model of now: a swap may have come since the request was accepted.
            let model = await fleet.model(kind) ?? pipeline.fingerprints[kind]
            let wish = Dispatch.Wish(kind: kind, arrival: arrival, model: model, avoid: attempts.avoid, alone: attempts.alone)
            let patience = attempts == Attempts() ? Duration.zero : .seconds(10)
            let lease = try await inTime { try await fleet.slot(wish, patience: patience) }
            let start = ContinuousClock.now
            do {
                let left = deadline.map { max(start.duration(to: $0), Duration.milliseconds(1)) }
                let settings = CallSettings(timeout: left, requestID: order.requestID)
                let alive = Heartbeat(replica: lease.replica)
                let result = try await Stall.watching(alive, limit: timing.stallLimit(lease.replica.description?.device ?? "")) {
                    try await fleet.calling(lease.replica.incarnation) { try await body(lease.connection, settings, alive) }
                }
                await fleet.answered(lease, units: units, seconds: start.duration(to: .now).inSeconds)
                return (result, lease.replica)
            } catch let error as CallError {
                if error.status == .deadlineExceeded, let deadline, deadline <= .now {
                    await fleet.leave(lease.id)
                    throw CallError(.deadlineExceeded, "the deadline passed while stage \(lease.replica.name) computed")
                }
                let verdict = attempts.failed(error, at: lease.replica)
                if Attempts.castsDoubt(error) { await fleet.failed(lease) } else { await fleet.leave(lease.id) }
                switch verdict {
                case .again(let pause): try await inTime { try await Task.sleep(for: pause) }
                case .giveUp(let error): throw error
                }
            } catch let stall as Stall {
                let error = CallError(.unavailable, "made nothing for \(stall.limit.inSeconds) s")
                let verdict = attempts.failed(error, at: lease.replica)
                await fleet.stalled(lease, error.message)
                if case .giveUp(let error) = verdict { throw error }
            } catch {
                await fleet.leave(lease.id)
                throw error
            }
        }
    }

    /// Ends the wait at the caller's deadline.
    private func inTime<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) async throws -> R {
        guard let deadline else { return try await body() }
        return try await withThrowingTaskGroup(of: R.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(until: deadline)
                throw CallError(.deadlineExceeded, "the deadline passed while the request waited for a stage")
            }
            defer { group.cancelAll() }
            return try await group.next()!
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

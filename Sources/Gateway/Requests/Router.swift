import StageKit
import Wire

/// Takes one order through the stages.
struct Router: Sendable {
    let fleet: Fleet

    /// - Parameters:
    ///   - deadline: when the caller stops to wait; the stages get what is left of it.
    ///   - progress: called in order, from one task; what it throws ends the work.
    /// - Throws: ``CallError``; `CancellationError` when the task was cancelled, after the stages were told.
    func run(
        _ order: Order, _ route: Route, deadline: ContinuousClock.Instant?, progress: Send<Progress>
    ) async throws -> GeneratedImage {
        var life = RequestLife(order)
        while true {
            switch life.next {
            case .encode(let sources):
                try await encode(sources, &life, route, deadline, progress)
            case .generate(let request):
                try await follow(route[.text], &life, deadline, progress, { $0.received($1, from: $2) }) { connection, settings, onEvent in
                    _ = try await TextClient(connection).generate(request, settings, onEvent: onEvent)
                }
            case .render(let request):
                try await progress(Progress(stage: StageKind.diffusion.rawValue, done: 0, total: order.steps))
                try await follow(route[.diffusion], &life, deadline, progress, { $0.received($1, from: $2) }) { connection, settings, onEvent in
                    _ = try await DiffusionClient(connection).render(request, settings, onEvent: onEvent)
                }
            case .done:
                guard let answer = life.answer(route, build: Build.version) else { preconditionFailure("done without a picture") }
                return answer
            }
        }
    }

    /// All sources at the same time; the stage keeps its own queue.
    private func encode(
        _ sources: Int, _ life: inout RequestLife, _ route: Route, _ deadline: ContinuousClock.Instant?, _ progress: Send<Progress>
    ) async throws {
        let replica = route[.vision]
        try await progress(Progress(stage: StageKind.vision.rawValue, done: 0, total: sources))
        let order = life.order
        try await withThrowingTaskGroup(of: (Int, EncodeResponse).self) { group in
            for index in 0..<sources {
                group.addTask {
                    try await call(replica, order, deadline, source: index) { connection, settings in
                        (index, try await VisionClient(connection).encode(EncodeRequest(image: order.images[index]), settings))
                    }
                }
            }
            for try await (index, response) in group {
                try await progress(life.encoded(index, response, by: replica.description?.instance ?? ""))
            }
        }
    }

    /// A stage's stream: every event changes `life`, in order.
    private func follow<Event: Sendable>(
        _ replica: Registry.Replica, _ life: inout RequestLife, _ deadline: ContinuousClock.Instant?, _ progress: Send<Progress>,
        _ receive: (inout RequestLife, Event, String) -> Progress?,
        _ start: @escaping @Sendable (StageConnection, CallSettings, @escaping Send<Event>) async throws -> Void
    ) async throws {
        let (events, continuation) = AsyncThrowingStream.makeStream(of: Event.self)
        let order = life.order
        let work = Task {
            do {
                try await call(replica, order, deadline) { connection, settings in
                    try await start(connection, settings) { continuation.yield($0) }
                }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        // Also when `progress` throws, because the client has left.
        defer { work.cancel() }
        try await withTaskCancellationHandler {
            for try await event in events {
                if let told = receive(&life, event, replica.description?.instance ?? "") { try await progress(told) }
            }
            try Task.checkCancellation()
        } onCancel: {
            work.cancel()
        }
    }

    private func call<R: Sendable>(
        _ replica: Registry.Replica, _ order: Order, _ deadline: ContinuousClock.Instant?, source: Int? = nil,
        _ body: @escaping @Sendable (StageConnection, CallSettings) async throws -> R
    ) async throws -> R {
        let left = deadline.map { max(ContinuousClock.now.duration(to: $0), Duration.milliseconds(1)) }
        let settings = CallSettings(timeout: left, requestID: order.requestID)
        do {
            return try await fleet.using(replica) { try await body($0, settings) }
        } catch var error as CallError {
            // A user's mistake speaks of the request; everything else of the stage.
            if error.status == .invalidArgument {
                // Vision calls its one picture "image".
                if let source { error.message = "images[\(source)]: \(error.message.trimmingPrefix("image: "))" }
            } else {
                error.message = "stage \(replica.name): \(error.message)"
            }
            throw error
        }
    }
}

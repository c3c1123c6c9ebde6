import Domain
import ServerKit
import Tracing

/// Who waits for a slot is told where it stands.
extension Fleet {
    /// Between two of the places that one request is told: of those that came between only the last.
    private static let interval = Duration.seconds(1)

    /// Changes come one after the other where many are served; those of so long are told together.
    private static let gathering = Duration.milliseconds(50)

    /// Tells the places that have changed, soon.
    func tellPlacesSoon() {
        guard tellingPlaces == nil, !waiting.isEmpty else { return }
        tellingPlaces = ServiceContext.withValue(nil) {
            Task {
                try? await Pause.for(Self.gathering)
                tellingPlaces = nil
                tellPlaces()
            }
        }
    }

    private func tellPlaces() {
        for place in StageKind.allCases.flatMap(scheduler.places) where waiting[place.id]?.ahead != place.ahead {
            waiting[place.id]?.ahead = place.ahead
            waiting[place.id]?.places.yield(place.ahead)
        }
    }

    /// Hands over the places of one request, until the task is cancelled.
    nonisolated func follow(_ places: AsyncStream<Int>, _ onPlace: @Sendable (_ ahead: Int) async -> Void) async {
        for await ahead in places {
            await onPlace(ahead)
            do { try await Pause.for(Self.interval) } catch { return }
        }
    }
}

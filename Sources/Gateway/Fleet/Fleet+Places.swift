import Domain
import ServerKit

/// Who waits for a slot is told where it stands.
extension Fleet {
    /// Between two of the places that one request is told: of those that came between only the last.
    private static let interval = Duration.seconds(1)

    /// Tells the places that have changed.
    func tellPlaces() {
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

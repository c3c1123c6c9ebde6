import CCards
public import Domain
public import Foundation
import Synchronization

/// The power that this machine's cards take, by the driver's management interface. Its calls take as long as the driver does: they are
/// for a thread that may be blocked.
public struct PowerSensors: Sendable {
    /// The package that each card is on, by its number: see ``PackagePower``.
    public let packages: [DeviceID: Int]
    private let library: String
    private let locations: [Card.Location]

    /// Looks for cards that tell their power.
    /// - Parameter environment: with `GLM_DCMI_LIBRARY`.
    /// - Returns: nil where there is no DCMI, or no card that tells it.
    /// - Throws: `discoveryFailed` where DCMI fails, which it may do for a while.
    public static func find(environment: [String: String] = ProcessInfo.processInfo.environment) throws(PlacementError) -> PowerSensors? {
        switch DCMI(library: Discovery.library(environment)).read() {
        case .absent: return nil
        case .failed(let reason): throw PlacementError(.discoveryFailed, reason)
        case .cards(let cards, let library):
            let sensors = PowerSensors(cards, library)
            return sensors.packages.isEmpty ? nil : sensors
        }
    }

    private init(_ cards: [Card], _ library: String) {
        self.library = library
        let measured = Set(cards.filter { $0.power != nil }.compactMap(\.location?.card))
        let cards = cards.filter { $0.location.map { measured.contains($0.card) } ?? false }
        locations = cards.compactMap(\.location)
        packages = Dictionary(cards.compactMap { card in card.location.map { (card.device, $0.card) } }, uniquingKeysWith: { first, _ in first })
    }

    /// Watts of each package now, as its dies tell them, in their order. Dies and packages that don't answer are missing.
    public func read() -> [Int: [Double]] {
        var watts: [Int: [Double]] = [:]
        for location in locations { if let power = read(location) { watts[location.card, default: []].append(power) } }
        return watts
    }

    /// What reads the watts of a card's package, both dies of an A3; nil where they are not told.
    public func reader(of device: DeviceID) -> (@Sendable () -> Double?)? {
        guard let package = packages[device] else { return nil }
        final class Dies: Sendable { let power = Mutex(PackagePower()) }
        let dies = Dies(), locations = locations.filter { $0.card == package }
        return { [self] in
            let watts = locations.compactMap(read)
            return dies.power.withLock { $0.read(watts) }
        }
    }

    private func read(_ location: Card.Location) -> Double? {
        let tenths = ccards_power(library, Int32(location.card), Int32(location.chip))
        return tenths < 0 ? nil : Card.plausible(power: Double(tenths) / 10)
    }
}

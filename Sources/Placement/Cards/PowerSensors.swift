import CCards
public import Domain
public import Foundation

/// The power that this machine's cards take, by the driver's management interface. Its calls take as long as the driver does: they are
/// for a thread that may be blocked.
public struct PowerSensors: Sendable {
    /// The package that each card is on, by its number: DCMI documents power by die, but the two dies of an A3 may both tell that of
    /// their package.
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
        for location in locations {
            let tenths = ccards_power(library, Int32(location.card), Int32(location.chip))
            if tenths >= 0, let power = Card.plausible(power: Double(tenths) / 10) { watts[location.card, default: []].append(power) }
        }
        return watts
    }
}

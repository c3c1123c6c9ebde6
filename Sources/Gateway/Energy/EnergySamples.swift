import Domain
import Telemetry

/// The energy of a host's cards as numbers.
enum EnergySamples {
    /// - Parameter devices: cards that this gateway's stages run on.
    static func of(_ account: EnergyAccount, on devices: Set<DeviceID>) -> [Sample] {
        let taken = account.taken.sorted { $0.key < $1.key }.map { consumer, joules in
            Sample(
                "glm_stage_joules_total", "Energy that calls to the stage took of its cards.", .counter,
                labels: [("kind", "\(consumer.kind)"), ("stage", "\(consumer.kind)-\(consumer.instance)"), ("model", consumer.model)], joules)
        }
        let idle = account.idle(devices).sorted { $0.key < $1.key }.map { card, joules in
            Sample(
                "glm_card_idle_joules_total", "Energy of a card while no call was on it; of two dies of a package together.", .counter,
                labels: [("card", card.description)], joules)
        }
        return taken + idle
    }
}

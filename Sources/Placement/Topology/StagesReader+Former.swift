import Domain
import Yams

/// Keys of version 0.1 for what `devices` says now: topology files of that version go on working.
extension StagesReader {
    static func formerKeys(_ kind: StageKind) -> [String] {
        ["cards"] + (kind.descriptor.mostSides > 1 ? ["guidance_cards"] : [])
    }

    /// `cards` names the device of each stage, `guidance_cards` for each of them another that computes beside it.
    func readFormer(
        _ former: [String: Node], _ kind: StageKind, _ node: Node, _ path: String, into group: inout Topology.Group
    ) throws(PlacementError) {
        guard group.devices.isEmpty else {
            throw yaml.error(yaml.line(node), "\(path) has devices beside cards or guidance_cards, which said the same in version 0.1; use devices")
        }
        let cards = try devices(former["cards"], "\(path).cards")
        let guidance = try devices(former["guidance_cards"], "\(path).guidance_cards")
        try yaml.unique(guidance.map(\.description), node, "\(path).guidance_cards")
        guard guidance.isEmpty || guidance.count == cards.count else {
            throw yaml.error(
                yaml.line(node), "\(path).guidance_cards names \(guidance.count) cards and cards \(cards.count); each of cards has one")
        }
        group.devices = guidance.isEmpty ? cards.map { [$0] } : zip(cards, guidance).map { [$0, $1] }
        for devices in group.devices { try check(devices, kind, group, node, "\(path).cards with guidance_cards") }
    }

    private func devices(_ node: Node?, _ path: String) throws(PlacementError) -> [DeviceID] {
        guard let node else { return [] }
        var devices: [DeviceID] = []
        for item in try yaml.list(node, path) { devices.append(try yaml.device(item, path)) }
        return devices
    }
}

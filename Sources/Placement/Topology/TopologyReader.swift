import Domain
import Yams

/// The grammar of a topology file: which keys there are, and what each may be.
struct TopologyReader {
    let yaml: YAMLReader

    func topology(_ node: Node?) throws(PlacementError) -> Topology {
        var topology = Topology()
        guard let node, !yaml.isEmpty(node) else { return topology }
        var stages: Node?
        var modelKey: String?
        for (key, value) in try yaml.pairs(node, "a topology", ["model", "models", "stages", "cards", "limits", "remote"]) {
            switch key {
            case "model", "models":
                if modelKey != nil { throw yaml.error(yaml.line(value), "model and models exclude each other") }
                modelKey = key
                topology.models = try self.models(value, key)
                for model in value.mapping ?? [:] { topology.lines["models.\(model.key.scalar?.string ?? "")"] = yaml.line(model.key) }
            case "stages": stages = value
            case "cards":
                for item in try yaml.list(value, key) { topology.cards.append(try card(item)) }
                try yaml.unique(topology.cards.map(\.device.description), value, "cards")
            case "limits": topology.limits = try limits(value)
            default:
                for item in try yaml.list(value, key) { topology.remote.append(try address(item)) }
                try yaml.unique(topology.remote, value, "remote")
            }
        }
        if let stages {
            try StagesReader(yaml: yaml, models: topology.models.map(\.name), namesModels: modelKey == "models").read(stages, into: &topology)
        }
        return topology
    }

    /// `model: DIR`, or `models:` with a name for each folder.
    private func models(_ node: Node, _ key: String) throws(PlacementError) -> [Topology.Model] {
        if key == "model" { return [Topology.Model(folder: try yaml.text(node, key))] }
        var models: [Topology.Model] = []
        for (name, folder) in try yaml.named(node, key, "names and folders") {
            models.append(Topology.Model(name: name, folder: try yaml.text(folder, "models.\(name)")))
        }
        return models
    }

    private func card(_ node: Node) throws(PlacementError) -> Topology.DeclaredCard {
        guard node.mapping != nil else { return Topology.DeclaredCard(device: try yaml.device(node, "a card")) }
        var device: DeviceID?, chip: String?, memory: Int?
        for (key, value) in try yaml.pairs(node, "a card", ["name", "chip", "memory"]) {
            switch key {
            case "name": device = try yaml.device(value, "a card")
            case "chip": chip = try yaml.text(value, "chip")
            default:
                guard let count = ByteCount(try yaml.plain(value, "memory")) else { throw yaml.wrong(value, "memory", ByteCount.syntax) }
                memory = count.bytes
            }
        }
        guard let device else { throw yaml.error(yaml.line(node), "a card has no name") }
        if (chip == nil) != (memory == nil) {
            throw yaml.error(
                yaml.line(node), "\(device) has \(chip == nil ? "memory but no chip" : "a chip but no memory"); declare both, or the name alone")
        }
        return Topology.DeclaredCard(device: device, chip: chip, memory: memory)
    }

    private func limits(_ node: Node) throws(PlacementError) -> Topology.Limits {
        var limits = Topology.Limits()
        let keys = ["pixels", "sources", "context", "queue", "jobs_kept", "jobs_queued", "jobs_running", "jobs_bytes"]
        for (key, value) in try yaml.pairs(node, "limits", keys) {
            let path = "limits.\(key)"
            switch key {
            case "pixels":
                limits.pixels = try yaml.whole(value, path, RequestLimits.sizeMultiple * RequestLimits.sizeMultiple...RequestLimits.maximumArea)
            case "sources": limits.sources = try yaml.whole(value, path, RequestLimits.sourceImages)
            case "context": limits.context = try yaml.whole(value, path, Topology.Limits.contexts)
            case "queue": limits.queue = try yaml.whole(value, path, 1...1_000_000)
            case "jobs_queued": limits.jobsQueued = try yaml.whole(value, path, Topology.Limits.jobsQueuedRange)
            case "jobs_running": limits.jobsRunning = try yaml.whole(value, path, Topology.Limits.jobsRunningRange)
            case "jobs_bytes":
                guard let count = ByteCount(try yaml.plain(value, path)), count.bytes >= Topology.Limits.leastJobsBytes else {
                    throw yaml.wrong(value, path, "at least 64MiB")
                }
                limits.jobsBytes = count.bytes
            default: limits.jobsKept = try yaml.seconds(value, path)
            }
        }
        return limits
    }

    private func address(_ node: Node) throws(PlacementError) -> String {
        let value = try yaml.plain(node, "remote")
        guard let colon = value.lastIndex(of: ":"), colon > value.startIndex, let port = Int(value[value.index(after: colon)...]),
            (1...65535).contains(port)
        else {
            throw yaml.wrong(node, "remote", "host:port, https://host:port or dns:name:port")
        }
        return value
    }
}

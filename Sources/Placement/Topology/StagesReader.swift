import Domain
import ModelConfiguration
import Yams

/// The grammar of `stages:`: for each kind one group of stages, or a list of groups.
struct StagesReader {
    let yaml: YAMLReader
    /// Names of the topology's models; empty where the caller has the only one.
    let models: [String]
    /// Whether the names are the file's own. Otherwise `model` of a group may be a folder, as in version 0.1.
    let namesModels: Bool

    /// - Parameter node: of `stages`.
    func read(_ node: Node, into topology: inout Topology) throws(PlacementError) {
        for (name, value) in try yaml.pairs(node, "stages", StageKind.allCases.map(\.rawValue)) {
            guard let kind = StageKind(rawValue: name) else { continue }
            if value.sequence?.isEmpty == true { throw yaml.error(yaml.line(value), "stages.\(kind) is an empty list") }
            var groups: [Topology.Group] = []
            for (index, item) in (value.sequence.map(Array.init) ?? [value]).enumerated() {
                let path = value.sequence == nil ? "stages.\(kind)" : "stages.\(kind)[\(index)]"
                topology.lines[path] = yaml.line(item)
                groups.append(try group(item, kind, path))
            }
            topology.stages[kind] = groups
        }
    }

    private func group(_ node: Node, _ kind: StageKind, _ path: String) throws(PlacementError) -> Topology.Group {
        var group = Topology.Group()
        let options = kind.descriptor.options, divisions = kind.descriptor.divisions.map(\.key)
        let keys =
            ["model", "replicas", "devices", "precision", "threads", "deterministic"] + (options.contains(.batch) ? ["batch"] : [])
            + (options.contains(.speculation) ? ["speculative_tokens"] : [])
            + (options.contains(.vaeTiling) ? ["vae_tiling"] : []) + (options.contains(.stepCache) ? ["step_cache"] : [])
            + divisions + (divisions.isEmpty ? [] : ["hccl_timeout"])
        var listed: Node?
        var former: [String: Node] = [:]
        for (key, value) in yaml.isEmpty(node) ? [] : try yaml.pairs(node, path, keys, former: Self.formerKeys(kind)) {
            let path = "\(path).\(key)"
            switch key {
            case "model": try readModel(value, path, into: &group)
            case "replicas":
                group.replicas = try yaml.plain(value, path) == "auto" ? .auto : .count(try yaml.whole(value, path, 0...1024, or: "auto"))
            case "devices": listed = value
            case "cards", "guidance_cards": former[key] = value
            case "batch": group.batch = try yaml.whole(value, path, 1...64)
            case "speculative_tokens": group.speculativeTokens = try yaml.whole(value, path, DecoderSizes.speculation)
            case "threads": group.threads = try yaml.whole(value, path, 1...1024)
            case "deterministic":
                let levels = DeterminismLevel.off.rawValue...DeterminismLevel.batchInvariant.rawValue
                group.determinism = DeterminismLevel(rawValue: try yaml.whole(value, path, levels))
            case "vae_tiling":
                guard let tiling = value.bool else { throw yaml.wrong(value, path, "true or false") }
                group.vaeTiling = tiling
            case "step_cache":
                let most = try yaml.number(value, path, RequestLimits.stepCache)
                group.stepCache = most > 0 ? most : nil
            case PassDivision.ulysses.key: try readRanks(value, .ulysses, path, into: &group)
            case PassDivision.tensorParallel.key: try readRanks(value, .tensorParallel, path, into: &group)
            case "hccl_timeout": group.hcclTimeout = try yaml.whole(value, path, Collectives.timeouts)
            default:
                guard let precision = PrecisionChoice(rawValue: try yaml.plain(value, path)) else {
                    throw yaml.wrong(value, path, PrecisionChoice.allCases.map(\.rawValue).joined(separator: " or "))
                }
                group.precision = precision
            }
        }
        if let timeout = group.hcclTimeout, group.division == nil {
            throw yaml.error(
                yaml.line(node),
                "\(path).hccl_timeout is \(timeout), but without \(divisions.joined(separator: " or ")) no device waits for another")
        }
        if let listed { group.devices = try devices(listed, kind, group, "\(path).devices") }
        if !former.isEmpty { try readFormer(former, kind, node, path, into: &group) }
        if group.model == nil, models.count > 1 {
            throw yaml.error(yaml.line(node), "\(path) names no model; there are \(models.joined(separator: ", "))")
        }
        if group.model == nil { group.model = models.first }
        return group
    }

    private func readModel(_ node: Node, _ path: String, into group: inout Topology.Group) throws(PlacementError) {
        let name = try yaml.text(node, path)
        if models.contains(name) {
            group.model = name
        } else if namesModels {
            throw yaml.error(
                yaml.line(node), "\(path) is \"\(name)\", which models does not name; there are \(models.joined(separator: ", "))")
        } else {
            group.folder = name
        }
    }

    private func readRanks(
        _ node: Node, _ division: PassDivision, _ path: String, into group: inout Topology.Group
    ) throws(PlacementError) {
        guard let ranks = Int(try yaml.plain(node, path)), division.choices.contains(ranks) else {
            throw yaml.wrong(node, path, division.explanation)
        }
        guard ranks > 1 else { return }
        if let other = group.division {
            throw yaml.error(yaml.line(node), "\(path) is \(ranks) with \(other.key) \(group.ranks); one of the two at a time")
        }
        (group.ranks, group.division) = (ranks, division)
    }

    /// An entry for each stage: a device, or a list of devices that compute together.
    private func devices(_ node: Node, _ kind: StageKind, _ group: Topology.Group, _ path: String) throws(PlacementError) -> [[DeviceID]] {
        var stages: [[DeviceID]] = []
        for item in try yaml.list(node, path) {
            var devices: [DeviceID] = []
            for member in item.sequence.map(Array.init) ?? [item] { devices.append(try yaml.device(member, path)) }
            try check(devices, kind, group, item, path)
            stages.append(devices)
        }
        try yaml.unique(stages.flatMap { $0.dropFirst() }.map(\.description), node, "\(path), as a further device of a stage,")
        return stages
    }

    /// - Parameter group: whose division is known.
    func check(
        _ devices: [DeviceID], _ kind: StageKind, _ group: Topology.Group, _ node: Node, _ path: String
    ) throws(PlacementError) {
        let counts = kind.descriptor.deviceCounts(ranks: group.ranks)
        guard counts.contains(devices.count) else {
            throw yaml.error(
                yaml.line(node),
                "\(path) groups \(devices.count) devices; a \(kind) stage computes on \(counts.map(String.init).joined(separator: " or "))"
                    + (group.division.map { " with \($0.key) \(group.ranks)" } ?? ""))
        }
        try yaml.unique(devices.map(\.description), node, path)
        if devices.count > 1, devices.contains(.cpu) {
            throw yaml.error(yaml.line(node), "\(path) groups cpu with accelerators; only accelerators compute together")
        }
    }
}

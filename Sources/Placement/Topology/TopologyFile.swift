public import Foundation
import Domain
import Yams

extension Topology {
    /// Reads a topology file. Model folders that are not absolute are taken from the file's own folder.
    /// - Throws: `invalidTopology`, with the file and the line, for anything that isn't understood.
    public init(contentsOf url: URL) throws(PlacementError) {
        let text: String
        do {
            text = try String(contentsOf: url, encoding: .utf8)
        } catch {
            throw PlacementError(.invalidTopology, "\(url.path) can't be read as UTF-8 text: \(error.localizedDescription)")
        }
        try self.init(yaml: text, file: url.path)
        func absolute(_ path: String) -> String { URL(fileURLWithPath: path, relativeTo: url.deletingLastPathComponent()).standardizedFileURL.path }
        model = model.map(absolute)
        stages = stages.mapValues { stage in
            var stage = stage
            stage.model = stage.model.map(absolute)
            return stage
        }
    }

    /// - Parameter file: how messages name it.
    public init(yaml: String, file: String) throws(PlacementError) {
        let reader = TopologyReader(file: file)
        self = try reader.topology(try reader.parse(yaml))
        self.file = file
    }
}

/// The grammar of the file: which keys there are, and what each may be.
private struct TopologyReader {
    let file: String

    func parse(_ yaml: String) throws(PlacementError) -> Node? {
        do {
            return try Yams.compose(yaml: yaml)
        } catch let YamlError.duplicatedKeysInMapping(duplicates, context) {
            throw error(context.mark.line, "\(duplicates.sorted().joined(separator: ", ")) stands there twice")
        } catch let YamlError.scanner(_, problem, mark, _) {
            throw error(mark.line, "not YAML: \(problem)")
        } catch let YamlError.parser(_, problem, mark, _) {
            throw error(mark.line, "not YAML: \(problem)")
        } catch let YamlError.composer(_, problem, mark, _) {
            throw error(mark.line, "not YAML: \(problem)")
        } catch {
            throw PlacementError(.invalidTopology, "\(file): not YAML: \(error)")
        }
    }

    func topology(_ node: Node?) throws(PlacementError) -> Topology {
        var topology = Topology()
        guard let node, !isEmpty(node) else { return topology }
        for (key, value) in try pairs(node, "a topology", ["model", "stages", "cards", "limits", "remote"]) {
            switch key {
            case "model": topology.model = try text(value, key)
            case "stages":
                for (name, value) in try pairs(value, key, StageKind.allCases.map(\.rawValue)) {
                    topology.stages[StageKind(rawValue: name)!] = try stage(value, StageKind(rawValue: name)!)
                }
            case "cards":
                for item in try list(value, key) { topology.cards.append(try card(item)) }
                try unique(topology.cards.map(\.name), value, "cards")
            case "limits": topology.limits = try limits(value)
            default:
                for item in try list(value, key) { topology.remote.append(try address(item)) }
                try unique(topology.remote, value, "remote")
            }
        }
        return topology
    }

    private func stage(_ node: Node, _ role: StageKind) throws(PlacementError) -> Topology.Stage {
        var stage = Topology.Stage()
        if isEmpty(node) { return stage }
        let common = ["replicas", "cards", "model", "precision", "threads"]
        let own: [StageKind: [String]] = [.text: ["batch"], .diffusion: ["guidance_cards", "vae_tiling"]]
        for (key, value) in try pairs(node, "stages.\(role.rawValue)", common + (own[role] ?? [])) {
            let path = "stages.\(role.rawValue).\(key)"
            switch key {
            case "replicas": stage.replicas = try plain(value, path) == "auto" ? .auto : .count(try whole(value, path, 0...1024, or: "auto"))
            case "cards":
                for item in try list(value, path) { stage.cards.append(try cardName(item)) }
            case "guidance_cards":
                for item in try list(value, path) { stage.guidanceCards.append(try cardName(item)) }
                try unique(stage.guidanceCards, value, path)
            case "vae_tiling":
                guard let tiling = value.bool else { throw wrong(value, path, "true or false") }
                stage.vaeTiling = tiling
            case "model": stage.model = try text(value, path)
            case "batch": stage.batch = try whole(value, path, 1...64)
            case "threads": stage.threads = try whole(value, path, 1...1024)
            default:
                let known = Precision.allCases.map(\.rawValue)
                guard let precision = Precision(rawValue: try plain(value, path)) else {
                    throw wrong(value, path, known.joined(separator: " or "))
                }
                stage.precision = precision
            }
        }
        try checkGuidance(stage, node)
        return stage
    }

    private func checkGuidance(_ stage: Topology.Stage, _ node: Node) throws(PlacementError) {
        let path = "stages.diffusion.guidance_cards"
        guard !stage.guidanceCards.isEmpty else { return }
        if stage.guidanceCards.count != stage.cards.count {
            throw error(line(node), "\(path) names \(stage.guidanceCards.count) cards and cards \(stage.cards.count); each of cards has one")
        }
        for (name, own) in zip(stage.guidanceCards, stage.cards) where name == own || name == Card.hostName || own == Card.hostName {
            throw error(line(node), "\(path) names \(name) beside \(own); it should be another accelerator")
        }
    }

    private func card(_ node: Node) throws(PlacementError) -> Topology.DeclaredCard {
        guard node.mapping != nil else { return Topology.DeclaredCard(name: try cardName(node)) }
        var card = Topology.DeclaredCard(name: "")
        for (key, value) in try pairs(node, "a card", ["name", "chip", "memory"]) {
            switch key {
            case "name": card.name = try cardName(value)
            case "chip": card.chip = try text(value, "chip")
            default:
                guard let memory = ByteCount(try plain(value, "memory")) else { throw wrong(value, "memory", ByteCount.syntax) }
                card.memory = memory.bytes
            }
        }
        if card.name.isEmpty { throw error(line(node), "a card has no name") }
        if (card.chip == nil) != (card.memory == nil) {
            throw error(
                line(node), "\(card.name) has \(card.chip == nil ? "memory but no chip" : "a chip but no memory"); declare both, or the name alone")
        }
        return card
    }

    private func limits(_ node: Node) throws(PlacementError) -> Topology.Limits {
        var limits = Topology.Limits()
        for (key, value) in try pairs(node, "limits", ["pixels", "sources", "queue", "jobs_kept"]) {
            let path = "limits.\(key)"
            switch key {
            case "pixels": limits.pixels = try whole(value, path, RequestLimits.sizeMultiple * RequestLimits.sizeMultiple...RequestLimits.maximumArea)
            case "sources": limits.sources = try whole(value, path, RequestLimits.sourceImages)
            case "queue": limits.queue = try whole(value, path, 1...1_000_000)
            default: limits.jobsKept = try seconds(value, path)
            }
        }
        return limits
    }

    private func address(_ node: Node) throws(PlacementError) -> String {
        let value = try plain(node, "remote")
        guard let colon = value.lastIndex(of: ":"), colon > value.startIndex, let port = Int(value[value.index(after: colon)...]),
            (1...65535).contains(port)
        else {
            throw wrong(node, "remote", "host:port")
        }
        return value
    }

    private func cardName(_ node: Node) throws(PlacementError) -> String {
        guard let device = DeviceID(try plain(node, "a card")) else { throw wrong(node, "a card", DeviceID.syntax) }
        return device.description
    }

    /// `90s`, `30m`, `24h`, `7d`.
    private func seconds(_ node: Node, _ path: String) throws(PlacementError) -> Int {
        let value = try plain(node, path)
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        guard let unit = value.last.flatMap({ units[$0] }), let number = Int(value.dropLast()), (1...1_000_000).contains(number) else {
            throw wrong(node, path, "a whole number with s, m, h or d, such as 24h")
        }
        return number * unit
    }

    // MARK: Nodes

    private func pairs(_ node: Node, _ path: String, _ known: [String]) throws(PlacementError) -> [(String, Node)] {
        guard let mapping = node.mapping else { throw error(line(node), "\(path) should be a mapping of \(known.joined(separator: ", "))") }
        var pairs: [(String, Node)] = []
        for (key, value) in mapping {
            guard let name = key.scalar?.string, known.contains(name) else {
                throw error(line(key), "\(path) has no key \"\(key.scalar?.string ?? "…")\"; its keys are \(known.joined(separator: ", "))")
            }
            pairs.append((name, value))
        }
        return pairs
    }

    private func list(_ node: Node, _ path: String) throws(PlacementError) -> [Node] {
        guard let sequence = node.sequence else { throw error(line(node), "\(path) should be a list") }
        return Array(sequence)
    }

    private func plain(_ node: Node, _ path: String) throws(PlacementError) -> String {
        guard let scalar = node.scalar else { throw error(line(node), "\(path) should be a single value") }
        return scalar.string
    }

    private func text(_ node: Node, _ path: String) throws(PlacementError) -> String {
        let value = try plain(node, path)
        if value.isEmpty || isEmpty(node) { throw error(line(node), "\(path) is empty") }
        return value
    }

    private func whole(_ node: Node, _ path: String, _ range: ClosedRange<Int>, or other: String? = nil) throws(PlacementError) -> Int {
        guard let value = Int(try plain(node, path)), range.contains(value) else {
            throw wrong(node, path, "\(other.map { "\($0) or " } ?? "")a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private func unique(_ names: [String], _ node: Node, _ path: String) throws(PlacementError) {
        for (index, name) in names.enumerated() where names[..<index].contains(name) { throw error(line(node), "\(path) names \(name) twice") }
    }

    /// A key with nothing behind it.
    private func isEmpty(_ node: Node) -> Bool { node.scalar.map { ["", "~", "null"].contains($0.string) } ?? false }

    private func line(_ node: Node) -> Int { node.mark?.line ?? 1 }

    private func wrong(_ node: Node, _ path: String, _ expected: String) -> PlacementError {
        error(line(node), "\(path) is \"\(node.scalar?.string ?? "…")\", should be \(expected)")
    }

    private func error(_ line: Int, _ message: String) -> PlacementError { PlacementError(.invalidTopology, "\(file):\(line): \(message)") }
}

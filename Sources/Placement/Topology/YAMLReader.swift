import Domain
import Yams

/// Values of a YAML file, each checked as it is read; what is wrong is said with the file and the line.
struct YAMLReader {
    let file: String

    func parse(_ yaml: String) throws(PlacementError) -> Node? {
        do {
            return try Yams.compose(yaml: yaml)
        } catch let YamlError.duplicatedKeysInMapping(duplicates, context) {
            throw error(context.mark.line, "\(duplicates.sorted().joined(separator: ", ")) occurs twice")
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

    /// The pairs of a mapping with these keys and no others, `former` ones beside them, which no message recommends.
    func pairs(_ node: Node, _ path: String, _ known: [String], former: [String] = []) throws(PlacementError) -> [(String, Node)] {
        guard let mapping = node.mapping else { throw error(line(node), "\(path) should be a mapping of \(known.joined(separator: ", "))") }
        var pairs: [(String, Node)] = []
        for (key, value) in mapping {
            guard let name = key.scalar?.string, known.contains(name) || former.contains(name) else {
                throw error(line(key), "\(path) has no key \"\(key.scalar?.string ?? "…")\"; its keys are \(known.joined(separator: ", "))")
            }
            pairs.append((name, value))
        }
        return pairs
    }

    /// The pairs of a mapping whose keys are names.
    func named(_ node: Node, _ path: String, _ what: String) throws(PlacementError) -> [(String, Node)] {
        guard let mapping = node.mapping, !mapping.isEmpty else { throw error(line(node), "\(path) should be a mapping of \(what)") }
        var pairs: [(String, Node)] = []
        for (key, value) in mapping { pairs.append((try text(key, path), value)) }
        return pairs
    }

    func list(_ node: Node, _ path: String) throws(PlacementError) -> [Node] {
        guard let sequence = node.sequence else { throw error(line(node), "\(path) should be a list") }
        return Array(sequence)
    }

    func plain(_ node: Node, _ path: String) throws(PlacementError) -> String {
        guard let scalar = node.scalar else { throw error(line(node), "\(path) should be a single value") }
        return scalar.string
    }

    func text(_ node: Node, _ path: String) throws(PlacementError) -> String {
        let value = try plain(node, path)
        if value.isEmpty || isEmpty(node) { throw error(line(node), "\(path) is empty") }
        return value
    }

    func whole(_ node: Node, _ path: String, _ range: ClosedRange<Int>, or other: String? = nil) throws(PlacementError) -> Int {
        guard let value = Int(try plain(node, path)), range.contains(value) else {
            throw wrong(node, path, "\(other.map { "\($0) or " } ?? "")a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func number(_ node: Node, _ path: String, _ range: ClosedRange<Float>) throws(PlacementError) -> Float {
        guard let value = Float(try plain(node, path)), range.contains(value) else {
            throw wrong(node, path, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func device(_ node: Node, _ path: String) throws(PlacementError) -> DeviceID {
        guard let device = DeviceID(try plain(node, path)) else { throw wrong(node, path, DeviceID.syntax) }
        return device
    }

    /// `90s`, `30m`, `24h`, `7d`, in seconds.
    func seconds(_ node: Node, _ path: String) throws(PlacementError) -> Int {
        let value = try plain(node, path)
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        guard let unit = value.last.flatMap({ units[$0] }), let number = Int(value.dropLast()), (1...1_000_000).contains(number) else {
            throw wrong(node, path, "a whole number with s, m, h or d, such as 24h")
        }
        return number * unit
    }

    func unique(_ names: [String], _ node: Node, _ path: String) throws(PlacementError) {
        var seen: Set<String> = []
        for name in names where !seen.insert(name).inserted { throw error(line(node), "\(path) names \(name) twice") }
    }

    /// A key with nothing behind it.
    func isEmpty(_ node: Node) -> Bool { node.scalar.map { ["", "~", "null"].contains($0.string) } ?? false }

    func line(_ node: Node) -> Int { node.mark?.line ?? 1 }

    func wrong(_ node: Node, _ path: String, _ expected: String) -> PlacementError {
        error(line(node), "\(path) is \"\(node.scalar?.string ?? "…")\", should be \(expected)")
    }

    func error(_ line: Int, _ message: String) -> PlacementError { PlacementError(.invalidTopology, "\(file):\(line): \(message)") }
}

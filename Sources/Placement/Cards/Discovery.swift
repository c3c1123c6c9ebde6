import Domain
public import Foundation

/// Finds the machine's cards: by the driver's management interface, else by its tool, and the host.
public struct Discovery: Sendable {
    /// DCMI's library, where it is not in its usual places.
    public static let libraryVariable = "GLM_DCMI_LIBRARY"

    private let environment: [String: String]
    private let proc: URL

    /// - Parameters:
    ///   - environment: with `GLM_DCMI_LIBRARY`, `PATH` for npu-smi, and `ASCEND_RT_VISIBLE_DEVICES`, beyond which nothing is used.
    ///   - proc: the folder that Linux tells of itself in.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment, proc: URL = URL(fileURLWithPath: "/proc")) {
        self.environment = environment
        self.proc = proc
    }

    /// Looks once; takes some milliseconds with DCMI, and up to ten seconds with npu-smi.
    /// - Throws: `discoveryFailed` where `ASCEND_RT_VISIBLE_DEVICES` is not what the runtime reads. A driver that fails is a
    ///   note of the inventory: the host may still do.
    public func inventory() throws(PlacementError) -> Inventory {
        var (cards, notes) = accelerators()
        cards = try visible(cards)
        if let host = HostCard.read(proc: proc) { cards.append(host) }
        return Inventory(cards: cards, notes: notes)
    }

    /// DCMI's library where the environment names one.
    static func library(_ environment: [String: String]) -> String? { environment[libraryVariable].flatMap { $0.isEmpty ? nil : $0 } }

    private func accelerators() -> (cards: [Card], notes: [String]) {
        var notes: [String] = []
        let named = Self.library(environment)
        switch DCMI(library: named).read() {
        case .cards(let cards, _): return (cards, [])
        case .failed(let reason): notes.append("DCMI failed, npu-smi was asked: \(reason)")
        case .absent: if let named { notes.append("\(Self.libraryVariable) names \(named), which can't be opened") }
        }
        guard let tool = NPUSMI(path: environment["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/bin:/bin") else { return ([], notes) }
        do {
            return (try NPUSMITable(try tool.info(environment)).cards, notes)
        } catch {
            return ([], notes + [error.message])
        }
    }

    /// Cards that the runtime lets this process and its children see. Names and numbers stay as without the variable: a
    /// stage's own value of it replaces ours.
    private func visible(_ cards: [Card]) throws(PlacementError) -> [Card] {
        let list = environment[VisibleDevices.variable] ?? ""
        guard let visible = VisibleDevices(environment: environment) else {
            throw PlacementError(
                .discoveryFailed, "\(VisibleDevices.variable) is \"\(list)\"; the runtime takes ascending numbers with commas between, each once")
        }
        guard let numbers = visible.numbers, !cards.isEmpty else { return cards }
        let there = cards.compactMap(\.device.number)
        if let missing = numbers.first(where: { !there.contains($0) }) {
            throw PlacementError(
                .missingCard,
                "\(VisibleDevices.variable) is \"\(list)\"; there is no card \(missing), there are \(there.map(String.init).joined(separator: ", "))")
        }
        return cards.filter { numbers.contains($0.device.number ?? -1) }
    }
}

/// What a chip can do, for predictions. Published peaks; no measurement of ours stands behind them.
public struct ChipFigures: Sendable, Hashable {
    /// Peak of matrix products in bf16, in floating point operations a second; of the host, in f32.
    public var operations: Double
    /// Of its memory, in bytes a second; nil for the host, whose products are the bound.
    public var bandwidth: Double?
    /// With others of its kind.
    public var link: CardLink

    public init(operations: Double, bandwidth: Double?, link: CardLink = .mesh) {
        self.operations = operations
        self.bandwidth = bandwidth
        self.link = link
    }

    /// An estimate: two AVX2 units at 2.5 GHz reach 80 GFLOP/s a core.
    public static func host(processors: Int) -> ChipFigures { ChipFigures(operations: 80e9 * Double(processors), bandwidth: nil) }
}

public enum ChipSupport: Sendable, Hashable {
    case figures(ChipFigures)
    /// Why not.
    case refused(String)
}

/// The Ascend chips that this build runs on, by the names that npu-smi, DCMI and `aclrtGetSocName` give them: one table for the
/// planner, which sees cards from outside, and for the device, which opens them.
public enum ChipCatalogue {
    /// - Parameters:
    ///   - name: `910B3`, `A2G3` (an A2 by a driver that calls them so), `Ascend910_9392`, `310P3`.
    ///   - memory: in bytes, where known: npu-smi calls every die of an A3 plain `Ascend910`, and only its memory tells it from a
    ///     910A. CANN itself names every chip in full.
    public static func support(_ name: String, memory: Int? = nil) -> ChipSupport {
        let short = name.hasPrefix("Ascend") ? String(name.dropFirst("Ascend".count)) : name
        // 310P has no LayerNorm operator either, and its f16 can't hold the range of bf16 weights.
        if short.hasPrefix("310") { return .refused("\(name) has no bf16, which GLM-Image's weights are in") }
        // Nothing here has been built for their operators, DCMI and npu-smi. An Atlas 350 has a 950PR.
        if short.hasPrefix("950") || short.hasPrefix("Atlas 350") {
            return .refused("\(name) is not supported: the 950 family has an operator set of its own, which this build doesn't know")
        }
        if let figures = known.first(where: { short.hasPrefix($0.prefix) })?.figures { return .figures(figures) }
        let size = memory.map { " with \(ByteCount($0))" } ?? ""
        if short.hasPrefix("A2G") {
            guard let memory else { return .figures(slowestOfA2) }
            // A driver may leave out what it keeps for itself.
            let isKnown = [28...32, 58...64].contains { $0.contains(memory / ByteCount.gibibyte) }
            return isKnown ? .figures(slowestOfA2) : .refused("\(name)\(size) is a chip this build doesn't know; it knows A2G with 32 and 64 GB")
        }
        if ["910", "910_"].contains(short), let memory, memory > largestOf910A { return .figures(die) }
        if short.hasPrefix("910") {
            return .refused("\(name)\(size) is of the 910A family and has no bf16, which GLM-Image's weights are in")
        }
        return .refused(
            "\(name) is a chip this build doesn't know; it knows 910B1, 910B2, 910B3, 910B4, A2G and the dies of A3 (910_93xx)")
    }

    /// Up to so many rows, products are cut into the same tiles however many there are.
    public static let batchRows = 16

    /// What the driver takes before any process, in bytes: about 3 GB of a card of 32 GB and 4 GB of one of 64 GB, as users report.
    public static func driverShare(memory: Int) -> Int { (memory > largestOf910A ? 4 : 3) * ByteCount.gibibyte }

    private static let largestOf910A = 48 * ByteCount.gibibyte

    /// Operations as the vendor's performance model has them (msmodeling), of 910B1 and 910_939x cores × MHz × 8192 from the
    /// platform_config files; bandwidths of boards, with low confidence.
    private static let known: [(prefix: String, figures: ChipFigures)] = [
        ("910B1", ChipFigures(operations: 364e12, bandwidth: fast)),
        ("910B2", ChipFigures(operations: 353.9e12, bandwidth: fast)),
        ("910B3", ChipFigures(operations: 294.9e12, bandwidth: fast)),
        ("910B4-1", ChipFigures(operations: 245.8e12, bandwidth: fast)),
        ("910B4", slowestOfA2),
        ("910_939", ChipFigures(operations: 364e12, bandwidth: fast, link: .switched)),
        ("910_938", die),
        ("910_937", ChipFigures(operations: 294.9e12, bandwidth: fast, link: .switched)),
        ("910_936", ChipFigures(operations: 245.8e12, bandwidth: fast, link: .switched)),
    ]
    private static let fast = 1.6 * tebibyte
    private static let tebibyte = 1_099_511_627_776.0
    /// Also of the A2G chips, of which no table tells which A2 each is.
    private static let slowestOfA2 = ChipFigures(operations: 245.8e12, bandwidth: 0.8 * tebibyte)
    /// Also of an A3 whose exact name is not known: the slower of the common ones.
    private static let die = ChipFigures(operations: 353.9e12, bandwidth: fast, link: .switched)
}

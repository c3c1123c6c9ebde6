import Domain

/// What a chip can do, for predictions. Peaks from the chips' data; no run of ours stands behind them.
public struct ChipFigures: Sendable, Hashable {
    /// Peak of matrix products in bf16; of the host, in f32: floating point operations a second.
    public var operations: Double
    /// Of its memory, in bytes a second; nil for the host, whose products bound it.
    public var bandwidth: Double?

    /// An estimate: two units of AVX2 at 2.5 GHz do 80 GFLOP/s a core.
    static func host(processors: Int) -> ChipFigures { ChipFigures(operations: 80e9 * Double(processors), bandwidth: nil) }
}

public enum ChipSupport: Sendable, Hashable {
    case figures(ChipFigures)
    /// Why not.
    case refused(String)
}

/// The Ascend chips by the names that npu-smi, DCMI and `aclrtGetSocName` give them.
enum Chip {
    /// - Parameters:
    ///   - name: `910B3`, `Ascend910_9392`, `310P3`.
    ///   - memory: in bytes; npu-smi calls every die of an A3 plain `Ascend910`, which only its memory tells from a 910A.
    static func support(_ name: String, memory: Int) -> ChipSupport {
        let short = name.hasPrefix("Ascend") ? String(name.dropFirst("Ascend".count)) : name
        if short.hasPrefix("310") { return .refused("\(name) has no bf16, which GLM-Image's weights are in") }
        if short.hasPrefix("950") { return .refused("\(name) has an operator set of its own, which this build doesn't know") }
        if let figures = known.first(where: { short.hasPrefix($0.prefix) })?.figures { return .figures(figures) }
        if ["910", "910_"].contains(short), memory > 48 * ByteCount.gibibyte { return .figures(die) }
        if short.hasPrefix("910") {
            return .refused("\(name) with \(ByteCount(memory)) is of the 910A family and has no bf16, which GLM-Image's weights are in")
        }
        return .refused("\(name) is a chip this build doesn't know; it knows 910B1, 910B2, 910B3, 910B4 and the dies of A3 (910_93xx)")
    }

    /// Cores × MHz × 8192 from the platform_config files; bandwidths published for boards, those of 910B with low confidence.
    private static let known: [(prefix: String, figures: ChipFigures)] = [
        ("910B1", ChipFigures(operations: 364e12, bandwidth: 1.6e12)),
        ("910B2", ChipFigures(operations: 354e12, bandwidth: 1.6e12)),
        ("910B3", ChipFigures(operations: 295e12, bandwidth: 1.6e12)),
        ("910B4-1", ChipFigures(operations: 246e12, bandwidth: 1.6e12)),
        ("910B4", ChipFigures(operations: 246e12, bandwidth: 0.8e12)),
        ("910_939", ChipFigures(operations: 364e12, bandwidth: 1.6e12)),
        ("910_938", ChipFigures(operations: 354e12, bandwidth: 1.6e12)),
        ("910_937", ChipFigures(operations: 295e12, bandwidth: 1.6e12)),
        ("910_936", ChipFigures(operations: 246e12, bandwidth: 1.6e12)),
    ]
    /// Of an A3 whose exact name is not told: the slower of the common ones.
    private static let die = ChipFigures(operations: 354e12, bandwidth: 1.6e12)

    /// What the driver takes before any process: about 3 GB of a card of 32 GB and 4 GB of one of 64 GB, as users report it.
    static func driverShare(memory: Int) -> Int { memory > 48 * ByteCount.gibibyte ? 4 * ByteCount.gibibyte : 3 * ByteCount.gibibyte }
}

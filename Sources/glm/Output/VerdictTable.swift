import ModelTools
import Terminal

/// A verification as lines of fixed columns, so that they can be printed as they come.
enum VerdictTable {
    private static let widths = [40, 20, 10, 10, 0]

    static let head = TextTable.line(["tensor", "", "error", "limit", ""], widths)

    static func row(_ verdict: Verdict) -> String {
        let outcome =
            switch verdict.outcome {
            case .holds: "holds"
            case .fails: "FAILS"
            case .absent: "not in the reference"
            }
        let detail = verdict.outcome == .absent ? "" : verdict.detail
        return TextTable.line([verdict.name, outcome, number(verdict.error), number(verdict.limit), detail], widths)
    }

    /// Three digits that count.
    private static func number(_ value: Double?) -> String {
        guard let value else { return "" }
        if value.isNaN || value.isInfinite || value == 0 { return value == 0 ? "0" : "\(value)" }
        if value == value.rounded(), abs(value) < 100_000 { return "\(Int(value))" }
        var exponent = 0, mantissa = abs(value)
        while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
        let digits = (mantissa * 100).rounded() / 100
        return "\(value < 0 ? "-" : "")\(digits)e\(exponent)"
    }
}

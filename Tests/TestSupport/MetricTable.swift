import Foundation

/// The metrics that operators are told of, by which alerts and dashboard are written: the table of `deploy/monitoring/README.md`.
public enum MetricTable {
    public static func names() throws -> Set<String> {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "deploy/monitoring/README.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `glm_") || $0.hasPrefix("| `process_") }
        return Set(rows.map { String($0.split(separator: "`")[1]) })
    }

    /// - Parameter exposition: what a gateway tells at `/metrics`.
    public static func names(in exposition: String) -> Set<String> {
        Set(exposition.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { String($0.split(separator: " ")[2]) })
    }
}

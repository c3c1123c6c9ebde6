import Domain
import Foundation
import Keys
import Terminal

/// Keys as a table.
enum KeyReport {
    static func table(_ keys: [Key]) -> String {
        TextTable.lines([["name", "scopes", "models", "a minute", "a day", "weight", "expires"]] + keys.map(row)).joined(separator: "\n")
    }

    private static func row(_ key: Key) -> [String] {
        let grant = key.grant
        let scopes = Scope.allCases.filter(grant.scopes.contains).map(\.rawValue).joined(separator: ",")
        let models = grant.models.isEmpty ? "all" : grant.models.joined(separator: ",")
        return [grant.name, scopes, models, count(grant.perMinute), count(grant.quota), "\(grant.weight)", expiry(key)]
    }

    private static func count(_ limit: Int?) -> String { limit.map { "\($0)" } ?? "-" }

    private static func expiry(_ key: Key) -> String {
        guard let date = key.expires else { return "-" }
        return KeyDate.text(date) + (key.isExpired(at: .now) ? " (expired)" : "")
    }
}

/// What a name stands for, by the answers that its resolution got one after the other: the decisions, without clocks or sockets.
///
/// The last answer counts until there is another: where the DNS is away, the stages are not.
package struct NameAnswer: Sendable, Hashable {
    /// Stages that one name may stand for; each takes a connection.
    package static let limit = 1024

    /// Numeric addresses, sorted; empty: none was ever told.
    package private(set) var addresses: [String] = []
    /// What an operator is to know of the last answer; empty: all is well.
    package private(set) var problem = "has not been resolved yet"

    package init() {}

    /// The name was resolved.
    /// - Parameter found: numeric addresses, of IPv4 and IPv6. Of a name that has both the IPv6 ones are left out: they lead to the same stages.
    /// - Returns: whether the addresses or the problem are others than before.
    package mutating func resolved(_ found: some Sequence<String>) -> Bool {
        let before = self
        let all = Set(found), four = all.filter { !$0.contains(":") }
        let usable = four.isEmpty ? all : four
        guard !usable.isEmpty else { return failed("has no address") }
        // Those that are in use go first, so that an answer over the limit changes nothing by its order.
        let known = Set(addresses)
        let chosen = usable.sorted { (known.contains($0) ? 0 : 1, $0) < (known.contains($1) ? 0 : 1, $1) }.prefix(Self.limit)
        addresses = chosen.sorted()
        problem = usable.count > Self.limit ? "has \(usable.count) addresses, \(Self.limit) of which are used" : ""
        return self != before
    }

    /// The name could not be resolved.
    /// - Parameter reason: as in "can't be resolved: Name or service not known".
    /// - Returns: whether the problem is another one than before.
    package mutating func failed(_ reason: String) -> Bool {
        let before = self
        let rest = addresses.isEmpty ? "" : "; the \(addresses.count) that it had last are used"
        problem = reason + rest
        return self != before
    }
}

/// Which `Host` a request may name. A page of another site that resolves its own name to this machine would otherwise reach the API of whoever
/// opens it (DNS rebinding).
enum HostRule {
    private static let local: Set<String> = ["localhost", "127.0.0.1", "[::1]"]

    /// Without keys the API serves this machine alone.
    static func isLocal(_ authority: String?) -> Bool {
        guard let authority else { return false }
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else { return local.contains(authority.lowercased()) }
        return local.contains(authority[..<colon].lowercased()) && authority[authority.index(after: colon)...].allSatisfy(\.isNumber)
    }
}

/// Whether a row computed in two ways has the same bits. A difference breaks no operation: it says which promise a card does not keep.
public struct RowComparison: Sendable, Hashable, Codable, CustomStringConvertible {
    /// `attention to 2100 keys, alone and among 4`
    public let name: String
    /// How many elements were compared.
    public let elements: Int
    /// How many of them differ; nil: it was not compared.
    public let different: Int?
    /// Why it was not compared; nil: it was.
    public let reason: String?

    package init(_ name: String, _ a: some Collection<Float>, _ b: some Collection<Float>) {
        precondition(a.count == b.count, "\(name): \(a.count) and \(b.count) elements")
        self.name = name
        elements = a.count
        different = zip(a, b).count { $0.bitPattern != $1.bitPattern }
        reason = nil
    }

    package init(_ name: String, notCompared reason: String) {
        self.name = name
        elements = 0
        different = nil
        self.reason = reason
    }

    public var isEqual: Bool { different == 0 }

    public var description: String {
        guard let different else { return "\(name): not compared: \(reason ?? "")" }
        return "\(name): \(different == 0 ? "the same bits" : "\(different) of \(elements) elements have other bits")"
    }
}

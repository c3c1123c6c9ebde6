/// What the dies of one package tell of its power. DCMI documents power by die, but the two dies of an A3 may both tell that of their package,
/// which counts once.
///
/// A figure that changes between the readings of the dies, or is the same by chance, decides nothing: most of the last readings do.
public struct PackagePower: Sendable {
    /// How much more often the dies told the same than not.
    private var agreement = 0

    /// Readings of which most decide.
    private static let memory = 50

    public init() {}

    /// Whether each die tells the package's power, by the readings so far; else its own.
    public var isOfPackage: Bool { agreement >= 0 }

    /// - Parameter dies: watts that each die tells; those that tell none are missing.
    /// - Returns: watts of the package; nil where no die tells any.
    public mutating func read(_ dies: [Double]) -> Double? {
        guard let first = dies.first else { return nil }
        if dies.count > 1 {
            let same = dies.allSatisfy { $0 == first }
            agreement = min(max(agreement + (same ? 1 : -1), -Self.memory), Self.memory)
        }
        return isOfPackage ? dies.max() : dies.reduce(0, +)
    }
}

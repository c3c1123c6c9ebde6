/// How the cards of a server are linked, for predictions. The rates are those of the vendor's performance model (msmodeling); no measurement of
/// ours stands behind them. `deploy/ascend/estimate.py` reads them here.
public enum CardLink: Sendable, Hashable {
    /// Each card of an A2 with each other one of its half of the server.
    case mesh
    /// The dies of an A3, the two of a package better than others.
    case switched

    private static let toEach = 28e9
    private static let inPackage = 224e9
    private static let beyondPackage = 196e9

    /// Bytes a second that a card sends to the others of its group together, at most.
    public func rate(ranks: Int) -> Double {
        switch self {
        case .mesh: Self.toEach * Double(ranks - 1)
        case .switched: ranks == 2 ? Self.inPackage : Self.beyondPackage
        }
    }
}

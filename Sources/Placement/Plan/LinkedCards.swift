import Domain

/// Which cards compute together well: the fewest links and the shortest between them.
///
/// The eight cards of one half of an A2 server are linked with one another, each pair alike. The two dies of a package of an A3 are linked best,
/// and all packages of a server alike. The driver numbers dies by package and half, so neighbours in number are neighbours on the links.
struct LinkedCards {
    /// Cards of one board follow one another.
    private let meshes: [[Card]]

    init(_ cards: [Card]) {
        var meshes: [Int: [Card]] = [:]
        for card in cards { meshes[card.mesh, default: []].append(card) }
        self.meshes = meshes.sorted { $0.key < $1.key }.map { Self.boards($0.value) }
    }

    /// As many groups of `count` cards as there are without one that spans two meshes or has a card of another group.
    func groups(of count: Int) -> [[Card]] {
        meshes.flatMap { mesh in
            stride(from: 0, through: mesh.count - count, by: count).map { Array(mesh[$0..<$0 + count]) }
        }
    }

    /// Whole boards first: a single die left of one would part those behind it.
    private static func boards(_ cards: [Card]) -> [Card] {
        let boards = Dictionary(grouping: cards, by: \.board).values.sorted { $0[0].place < $1[0].place }
        let most = boards.map(\.count).max() ?? 0
        return (boards.filter { $0.count == most } + boards.filter { $0.count < most }).flatMap { $0.sorted { $0.place < $1.place } }
    }
}

extension Card {
    /// The host's number where it is known, else the process's.
    fileprivate var place: Int { location?.physical ?? device.number ?? 0 }

    /// Cards of one mesh are linked without the processors between them.
    fileprivate var mesh: Int { isDieOfA3 ? 0 : place / 8 }

    fileprivate var board: Int { location?.card ?? (isDieOfA3 ? place / 2 : place) }

    /// npu-smi calls every die of an A3 plain `Ascend910`.
    private var isDieOfA3: Bool { chip.contains("910_") || chip.hasSuffix("910") }
}

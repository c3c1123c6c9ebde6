package import Domain

/// What requests ask of the stages, in the order of their turns. They stand in blocks whose sums are kept, so that the sum of all before a turn
/// takes a look at few of them.
package struct TurnSums: Sendable {
    /// What requests ask of each kind of stage together.
    private struct Work: Sendable, Hashable {
        private var requests = SIMD4<Int>.zero
        private var units = SIMD4<Forecast.Units>.zero

        init() {}

        /// - Parameter units: of one request.
        init(_ units: [StageKind: Forecast.Units]) {
            for (kind, units) in units { (requests[kind.index], self.units[kind.index]) = (1, units) }
        }

        mutating func add(_ other: Work) {
            requests &+= other.requests
            units += other.units
        }

        /// Of the kinds that any of the requests needs.
        var lines: [StageKind: Forecast.Line] {
            StageKind.allCases.reduce(into: [:]) { lines, kind in
                guard requests[kind.index] > 0 else { return }
                lines[kind] = Forecast.Line(requests: requests[kind.index], units: units[kind.index])
            }
        }
    }

    private struct Member: Sendable {
        let turn: FairOrder.Turn
        var work: Work
    }

    private struct Block: Sendable {
        /// In the order of their turns.
        var members: [Member] { didSet { add() } }
        private(set) var sum = Work()

        init(_ members: [Member] = []) {
            self.members = members
            add()
        }

        /// Anew, since sums and differences of units would leave their last bits behind.
        private mutating func add() { sum = members.reduce(into: Work()) { $0.add($1.work) } }

        /// How many of its turns are before one.
        func count(before turn: FairOrder.Turn) -> Int { members.firstIndex { !($0.turn < turn) } ?? members.count }
    }

    private static let mostInBlock = 128
    private var blocks: [Block] = []

    package init() {}

    package var isEmpty: Bool { blocks.isEmpty }

    /// How many requests are before a turn, and what they ask for.
    package func before(_ turn: FairOrder.Turn) -> (count: Int, lines: [StageKind: Forecast.Line]) {
        var count = 0, work = Work()
        for block in blocks {
            guard let last = block.members.last, last.turn < turn else {
                let before = block.count(before: turn)
                for member in block.members[..<before] { work.add(member.work) }
                return (count + before, work.lines)
            }
            count += block.members.count
            work.add(block.sum)
        }
        return (count, work.lines)
    }

    /// A request asks for so many units of each kind of stage, from now on.
    package mutating func set(_ turn: FairOrder.Turn, _ units: [StageKind: Forecast.Units]) {
        if blocks.isEmpty { blocks.append(Block()) }
        let block = self.block(of: turn) ?? blocks.count - 1, index = blocks[block].count(before: turn)
        let member = Member(turn: turn, work: Work(units))
        if index < blocks[block].members.count, blocks[block].members[index].turn == turn {
            blocks[block].members[index] = member
        } else {
            blocks[block].members.insert(member, at: index)
        }
        let members = blocks[block].members
        guard members.count > Self.mostInBlock else { return }
        blocks[block].members = Array(members[..<(members.count / 2)])
        blocks.insert(Block(Array(members[(members.count / 2)...])), at: block + 1)
    }

    package mutating func remove(_ turn: FairOrder.Turn) {
        guard let block = block(of: turn) else { return }
        let index = blocks[block].count(before: turn)
        guard blocks[block].members[index].turn == turn else { return }
        blocks[block].members.remove(at: index)
        if blocks[block].members.isEmpty { blocks.remove(at: block) }
    }

    /// The first block that ends with the turn or one behind it.
    private func block(of turn: FairOrder.Turn) -> Int? { blocks.firstIndex { $0.members.last.map { !($0.turn < turn) } ?? false } }
}

extension StageKind {
    fileprivate var index: Int { StageKind.allCases.firstIndex(of: self)! }
}

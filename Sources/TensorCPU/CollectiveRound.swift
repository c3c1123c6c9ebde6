package import Tensor

/// What one rank brings to a collective.
///
/// Safe to share: the ranks read one another's memory only between their meeting and their parting.
package struct CollectiveCall: @unchecked Sendable, CustomStringConvertible {
    package enum Kind: String { case allToAll = "an all-to-all", allReduce = "an all-reduce" }

    let kind: Kind
    let dtype: DType
    let count: Int
    let address: UnsafeMutableRawPointer

    package init(_ kind: Kind, _ x: Tensor) {
        self.kind = kind
        dtype = x.dtype
        count = x.shape.count
        address = x.address
    }

    package var description: String { "\(kind.rawValue) of \(count) \(dtype)" }
}

/// One collective after another, as the ranks come to it and leave it: decides when they may go on, and whether they agree. A value:
/// whoever holds it waits.
package struct CollectiveRound {
    package enum Progress { case waiting, complete, failed }

    private let names: [String]
    private var brought: [CollectiveCall?]
    private var hasLeft: [Bool]
    /// The first failure; no round is completed after it.
    package private(set) var failure: DeviceError?

    /// - Parameter names: of the ranks, for messages.
    package init(_ names: [String]) {
        self.names = names
        brought = names.map { _ in nil }
        hasLeft = names.map { _ in false }
    }

    /// What the ranks that are here brought, until the last one leaves.
    package var calls: [CollectiveCall] { brought.compactMap(\.self) }

    /// A rank comes. With the last one the round is complete, and every rank may read what the others brought.
    package mutating func arrive(_ rank: Int, with call: CollectiveCall) -> Progress {
        guard failure == nil else { return .failed }
        brought[rank] = call
        let calls = calls
        guard calls.count == names.count else { return .waiting }
        if let other = calls.indices.first(where: { "\(calls[$0])" != "\(calls[0])" }) {
            fail("\(names[0]) queued \(calls[0]), \(names[other]) \(calls[other])")
            return .failed
        }
        return .complete
    }

    /// A rank needs the others' memory no more. With the last one all may write to theirs, and the next round begins.
    package mutating func leave(_ rank: Int) -> Progress {
        guard failure == nil else { return .failed }
        hasLeft[rank] = true
        guard hasLeft.allSatisfy(\.self) else { return .waiting }
        self = CollectiveRound(names)
        return .complete
    }

    package mutating func fail(_ reason: String) {
        if failure == nil { failure = DeviceError(.lost, reason) }
    }

    /// A rank has waited as long as it may.
    package mutating func expire(_ rank: Int, after seconds: Double) {
        let late = names.indices.filter { calls.count < names.count ? brought[$0] == nil : !hasLeft[$0] }
        let what = brought[rank].map { "\($0)" } ?? "a collective"
        fail("\(late.map { names[$0] }.joined(separator: ", ")): missed in \(what) for \(seconds) seconds")
    }
}

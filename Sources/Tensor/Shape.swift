/// Up to four extents, kept inline so that making a view of a tensor allocates nothing.
public struct Shape: Sendable, Hashable {
    public static let maximumRank = 4

    public let rank: Int
    private let extents: SIMD4<Int>

    public init(_ extents: [Int]) {
        precondition(extents.count <= Shape.maximumRank, "shape \(extents) has more than \(Shape.maximumRank) extents")
        precondition(extents.allSatisfy { $0 >= 0 }, "shape \(extents) has a negative extent")
        var inline = SIMD4<Int>(repeating: 1)
        for (index, extent) in extents.enumerated() { inline[index] = extent }
        self.extents = inline
        self.rank = extents.count
    }

    public init(_ first: Int) {
        self.extents = SIMD4(first, 1, 1, 1)
        self.rank = 1
    }

    public init(_ first: Int, _ second: Int) {
        self.extents = SIMD4(first, second, 1, 1)
        self.rank = 2
    }

    public init(_ first: Int, _ second: Int, _ third: Int) {
        self.extents = SIMD4(first, second, third, 1)
        self.rank = 3
    }

    public subscript(index: Int) -> Int {
        precondition(index < rank, "axis \(index) of a shape of rank \(rank)")
        return extents[index]
    }

    /// The number of elements: 1 for rank 0.
    public var count: Int { extents[0] &* extents[1] &* extents[2] &* extents[3] }

    public var last: Int { rank == 0 ? 1 : extents[rank - 1] }

    public var array: [Int] { (0..<rank).map { extents[$0] } }
}

extension Shape: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: Int...) { self.init(elements) }
}

extension Shape: CustomStringConvertible {
    public var description: String { "[\(array.map(String.init).joined(separator: ", "))]" }
}

import DequeModule

/// Different elements in their order. To find one takes log n comparisons; to add or remove one moves those of the shorter side.
struct OrderedList<Element: Comparable & Sendable>: Sendable, RandomAccessCollection {
    private var elements = Deque<Element>()

    init() {}

    var startIndex: Int { 0 }
    var endIndex: Int { elements.count }
    subscript(index: Int) -> Element { elements[index] }

    mutating func insert(_ element: Element) { elements.insert(element, at: boundary { $0 < element }) }

    /// Nothing happens where it is not there.
    mutating func remove(_ element: Element) {
        let index = boundary { $0 < element }
        if index < endIndex, elements[index] == element { elements.remove(at: index) }
    }

    /// How many elements something holds of that holds of the first ones and of none behind them.
    func boundary(_ holds: (Element) -> Bool) -> Int {
        var low = 0, high = endIndex
        while low < high {
            let middle = (low + high) / 2
            if holds(elements[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func popFirst() -> Element? { elements.popFirst() }
}

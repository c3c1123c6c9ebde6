/// Where the rows of several sequences lie in a pool that is cut into pages.
///
/// Row i of sequence s is row `pages[s · width + i / pageRows] · pageRows + i % pageRows` of the pool.
public struct PageTable: Sendable {
    /// Rows of a page.
    public let pageRows: Int
    /// Entries of each sequence in `pages`.
    public private(set) var width = 0
    /// Page numbers, `[sequences, width]`; those behind a sequence's last page are 0.
    public private(set) var pages: [Int32] = []
    /// Rows of each sequence, at least 1.
    public private(set) var lengths: [Int32] = []

    /// - Parameter sequences: the pages of each sequence, in order, and how many rows it has in them.
    public init(pageRows: Int, sequences: [(pages: [Int32], length: Int)]) {
        self.pageRows = pageRows
        width = sequences.map(\.pages.count).max() ?? 0
        for (pages, length) in sequences {
            precondition(length > 0 && length <= pages.count * pageRows, "\(length) rows in \(pages.count) pages of \(pageRows)")
            self.pages += pages
            self.pages += repeatElement(0, count: width - pages.count)
            lengths.append(Int32(length))
        }
    }
}

/// Where the rows of several sequences lie in a pool that is cut into pages.
///
/// Row i of sequence s is row `pages[s · width + i / pageRows] · pageRows + i % pageRows` of the pool.
public struct PageTable: Sendable {
    /// Rows of a page.
    public let pageRows: Int
    /// Entries of each sequence in `pages`.
    public private(set) var width = 0
    /// Page numbers, `[sequences, width]`.
    public private(set) var pages: [Int32] = []
    /// Rows of each sequence, at least 1.
    public private(set) var lengths: [Int32] = []

    /// - Parameters:
    ///   - sequences: the pages of each sequence, in order, and how many rows it has in them.
    ///   - width: at least the most pages of a sequence; nil: as many.
    ///   - filler: stands behind a sequence's last page.
    public init(pageRows: Int, sequences: [(pages: [Int32], length: Int)], width: Int? = nil, filler: Int32 = 0) {
        self.pageRows = pageRows
        let most = sequences.map(\.pages.count).max() ?? 0
        self.width = width ?? most
        precondition(self.width >= most, "\(most) pages in a table of width \(self.width)")
        for (pages, length) in sequences {
            precondition(length > 0 && length <= pages.count * pageRows, "\(length) rows in \(pages.count) pages of \(pageRows)")
            self.pages += pages
            self.pages += repeatElement(filler, count: self.width - pages.count)
            lengths.append(Int32(length))
        }
    }
}

/// A page table on its device, and the same on the host.
///
/// Its tensors are views of memory that a caller writes anew between two steps of a loop, so that a step that was recorded reads what
/// the next one needs.
public struct PlacedPages: Sendable {
    /// What the tensors hold.
    public let table: PageTable
    /// Page numbers, i32 `[sequences, table.width]`.
    public let pages: Tensor
    /// Rows of each sequence, i32 `[sequences]`.
    public let lengths: Tensor

    public init(table: PageTable, pages: Tensor, lengths: Tensor) {
        precondition(
            pages.dtype == .i32 && lengths.dtype == .i32 && pages.shape == Shape(table.lengths.count, table.width)
                && lengths.shape == Shape(table.lengths.count),
            "pages \(pages.dtype) \(pages.shape) and lengths \(lengths.dtype) \(lengths.shape) of \(table.lengths.count) sequences")
        self.table = table
        self.pages = pages
        self.lengths = lengths
    }

    /// In memory of its own.
    public init(_ table: PageTable, on device: any Device) {
        let pages = device.makeTensor(Shape(table.lengths.count, table.width), .i32)
        let lengths = device.makeTensor(Shape(table.lengths.count), .i32)
        table.pages.withUnsafeBytes { device.write($0, to: pages) }
        table.lengths.withUnsafeBytes { device.write($0, to: lengths) }
        self.init(table: table, pages: pages, lengths: lengths)
    }
}

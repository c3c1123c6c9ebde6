package import Domain

/// The patches of an image in the order in which the tower reads them: cells in raster order, and in each its patches in raster order.
package struct PatchGrid: Sendable {
    /// Each becomes one row of the tower's output.
    package let cells: GridSize
    /// Side of a cell, in patches.
    let mergeSize: Int

    package init(cells: GridSize, mergeSize: Int) {
        self.cells = cells
        self.mergeSize = mergeSize
    }

    /// In patches.
    var height: Int { cells.height * mergeSize }
    var width: Int { cells.width * mergeSize }
    package var count: Int { height * width }

    /// Where the patch at `row` and `column` of the image stands.
    func index(row: Int, column: Int) -> Int {
        let cell = row / mergeSize * cells.width + column / mergeSize
        return (cell * mergeSize + row % mergeSize) * mergeSize + column % mergeSize
    }
}

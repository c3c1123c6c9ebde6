import ModelConfiguration
import Tensor

/// What decoding steps read that differs from step to step, on the device: ids, rows of the pool, page tables and lengths.
///
/// Steps of as many rows and as long a bucket find them at the same addresses, so that a step that was recorded can be replayed. The
/// positions' cosines and sines are in the workspace.
struct DecodeInputs {
    /// One after the other, so that one copy brings them all.
    private let memory: Tensor

    /// - Parameters:
    ///   - rows: the most rows of a step.
    ///   - pages: the most pages of a sequence.
    init(rows: Int, pages: Int, on device: any Device) {
        memory = device.makeTensor(Shape(DecoderSizes.stepInputs(rows: rows, pages: pages)), .i32)
    }

    /// The inputs of one step, views of the same memory.
    struct Step {
        /// i32 `[rows]`.
        let ids: Tensor
        /// Where each row's key and value go, i32 `[rows]`.
        let rows: Tensor
        let pages: PlacedPages
    }

    /// Writes the inputs of a step behind the work that is queued.
    /// - Parameter ids: of the last rows; the caller writes those of the rows before.
    func write(_ ids: [Int32], rows: [Int32], _ table: PageTable, on device: any Device) -> Step {
        var values: [Int32] = []
        func append(_ part: [Int32]) -> Tensor {
            let start = values.count
            values += part
            values += repeatElement(0, count: DecoderSizes.aligned(part.count) - part.count)
            return memory.elements(start..<start + part.count)
        }
        let step = Step(
            ids: append(Array(repeating: 0, count: rows.count - ids.count) + ids), rows: append(rows),
            pages: PlacedPages(
                table: table, pages: append(table.pages).reshaped(Shape(rows.count, table.width)), lengths: append(table.lengths)))
        values.withUnsafeBytes { device.write($0, to: memory.prefix(Shape(values.count))) }
        return step
    }
}

import Domain
import Synchronization
import Wire

/// Puts the rows of an image together as a vision stage sends them.
final class EmbeddedRows: Sendable {
    private struct State {
        var layout: EmbedLayout?
        /// Of all rows.
        var byteCount = 0
        var bytes: [UInt8] = []

        /// - Returns: false for an event that does not fit those before.
        mutating func add(_ event: EmbedEvent) -> Bool {
            switch event {
            case .layout(let layout):
                guard let count = PictureRows.byteCount(grid: layout.grid, columns: layout.columns, element: layout.element) else { return false }
                (self.layout, byteCount, bytes) = (layout, count, [])
                bytes.reserveCapacity(min(count, EmbeddedRows.reserved))
                return true
            case .rows(let chunk):
                guard let layout, bytes.count == chunk.first * layout.columns * layout.element.byteCount else { return false }
                bytes += chunk.bytes
                return bytes.count <= byteCount
            case .result: return bytes.count == byteCount
            }
        }
    }

    private let state = Mutex(State())

    /// Memory that is taken at most on a stage's word.
    private static let reserved = 64 << 20

    /// - Throws: INTERNAL for rows without a layout, out of order, and for more or fewer than it announced.
    func add(_ event: EmbedEvent) throws(CallError) {
        guard state.withLock({ $0.add(event) }) else { throw Self.misfit }
    }

    /// - Throws: INTERNAL while rows are missing.
    func complete() throws(CallError) -> PictureRows {
        let state = state.withLock { $0 }
        guard let layout = state.layout,
            let rows = try? PictureRows(grid: layout.grid, columns: layout.columns, element: layout.element, bytes: state.bytes)
        else { throw Self.misfit }
        return rows
    }

    private static let misfit = CallError(.internalError, "vision sent rows that do not fit the layout it sent before")
}

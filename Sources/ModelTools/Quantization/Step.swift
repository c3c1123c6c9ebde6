/// A phase of the work that goes on block by block.
struct Step {
    private let phase: CheckpointQuantizer.Progress.Phase
    private let total: Int
    private let report: (CheckpointQuantizer.Progress) -> Void
    private let check: () throws -> Void
    private var done = 0

    init(
        _ phase: CheckpointQuantizer.Progress.Phase, total: Int, report: @escaping (CheckpointQuantizer.Progress) -> Void,
        check: @escaping () throws -> Void
    ) {
        self.phase = phase
        self.total = total
        self.report = report
        self.check = check
        report(.init(phase: phase, done: 0, total: total))
    }

    /// Before a block: whether the work goes on.
    func begin() throws { try check() }

    /// After a block that stands for so many bytes of the model's weights.
    mutating func end(_ bytes: Int) {
        done += bytes
        report(.init(phase: phase, done: done, total: total))
    }
}

/// Rows of a matrix or bytes of a tensor, in blocks that fit into memory whatever the whole takes.
enum Blocks {
    private static let byteCount = 32 << 20

    static func ofRows(_ rows: Int, rowBytes: Int) -> [Range<Int>] { split(rows, by: max(1, byteCount / max(1, rowBytes))) }

    static func ofBytes(_ count: Int) -> [Range<Int>] { split(count, by: byteCount) }

    private static func split(_ count: Int, by length: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: length).map { $0..<min($0 + length, count) }
    }
}

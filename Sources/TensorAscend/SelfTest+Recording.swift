import Foundation
import Tensor

extension SelfTest {
    /// One small layer of a decoder, recorded, then replayed with other inputs: 0 if it then gives the bits that its operators give when
    /// each is launched, else infinite. No error if the device could not record it, and has said why.
    func recording() throws -> Double {
        let (pageRows, pages) = (16, 5)
        let (table, weight, norm) = (
            device.makeTensor(noise(8 * 64, 41), [8, 64]), device.makeTensor(noise(64 * 64, 42), [64, 64]), device.makeTensor(noise(64, 43), [64])
        )
        let placed = device.makeTensor([64, 64], device.reducedType ?? .f32)
        device.stream.copy(Operand(matrix: weight), to: Operand(matrix: placed))
        let pools = (0..<2).map { _ in device.makeTensor(Shape(pages * pageRows, 32), device.cacheType) }
        let (ids, rows) = (device.makeTensor([2], .i32), device.makeTensor([2], .i32))
        let (numbers, lengths) = (device.makeTensor([2, 2], .i32), device.makeTensor([2], .i32))
        let (cosine, sine) = (device.makeTensor([2, 8], .f32), device.makeTensor([2, 8], .f32))
        func activations() -> Tensor { device.makeTensor([2, 64], device.activationType) }
        let (x, normed, attended) = (activations(), activations(), activations())
        let attention = Attention(heads: 4, keyValueHeads: 2, headSize: 16, scale: 0.25, mask: .causal)

        func write(_ values: [Int32], to tensor: Tensor) { values.withUnsafeBytes { device.write($0, to: tensor) } }
        /// What step `step` reads. The first sequence goes on in its second page.
        func prepare(_ step: Int) -> PlacedPages {
            let places = [12 + 3 * step, step]
            let table = PageTable(
                pageRows: pageRows, sequences: zip([[3, 1], [2]] as [[Int32]], places).map { (pages: $0, length: $1 + 1) }, width: 2, filler: 4)
            write([Int32(step), 5], to: ids)
            write([places[0] < 16 ? 48 + Int32(places[0]) : Int32(places[0]), 32 + Int32(places[1])], to: rows)
            write(table.pages, to: numbers)
            write(table.lengths, to: lengths)
            device.write((0..<16).map { cosf(Float($0 * step)) }, to: cosine)
            device.write((0..<16).map { sinf(Float($0 * step)) }, to: sine)
            return PlacedPages(table: table, pages: numbers, lengths: lengths)
        }
        func layer(_ pages: PlacedPages) {
            device.embed(ids, table: table, into: x)
            device.rmsNorm(x, weight: norm, epsilon: 1e-5, into: normed)
            let query = device.rotated(normed, headSize: 16, by: Rotation(.halves, cosine: cosine, sine: sine))
            for (pool, columns) in zip(pools, [0..<32, 32..<64]) { device.scatter(query.columns(columns), rows: rows, into: pool) }
            device.pagedAttention(attention, query: query, keys: pools[0], values: pools[1], pages: pages, into: attended)
            device.linear(attended, MatrixWeight(placed), bias: nil, .add, into: x)
        }
        func run(_ queue: (PlacedPages) -> Void) throws -> [[UInt8]] {
            for pool in pools { device.clear(pool) }
            return try (0..<3).map { step in
                queue(prepare(step))
                var bytes = [UInt8](repeating: 0, count: x.byteCount)
                try bytes.withUnsafeMutableBytes { try device.read(x, into: $0) }
                return bytes
            }
        }
        let truth = try run(layer)
        let first = prepare(0)
        guard let recording = device.record(writing: [x], { layer(first) }) else { return 0 }
        let replayed = try run { _ in _ = device.replay(recording) }
        return replayed == truth ? 0 : .infinity
    }
}

import Foundation
import Layers
import Tensor
import TensorCPU
import Testing

@Suite struct RotaryTableTests {
    private let device = CPUDevice(threads: 1)

    @Test("element i of a head is paired with element i + pairs, and what lies behind the pairs stays")
    func rotates() throws {
        let table = RotaryTable(rows: 2, pairs: 1, on: device)
        table.write([0, .pi / 2], on: device)
        let x = device.makeTensor([1, 2, 3, 1, 2, 3], [2, 3])
        let values = try device.floats(device.rotated(x, headSize: 3, by: table.rotation(.halves)))
        #expect(values.prefix(3) == [1, 2, 3] && values[5] == 3)
        // A quarter of a turn: (a, b) becomes (−b, a).
        #expect(abs(values[3] + 2) < 1e-6 && abs(values[4] - 1) < 1e-6)
    }

    @Test("a prefix is the same memory with fewer rows")
    func prefix() throws {
        let table = RotaryTable(rows: 3, pairs: 2, on: device)
        let part = table.prefix(rows: 1)
        part.write([0, 0], on: device)
        #expect(part.cosine.shape == [1, 2])
        #expect(try device.floats(table.cosine.rows(0..<1)) == [1, 1] && device.floats(table.sine.rows(0..<1)) == [0, 0])
    }
}

import Foundation
import Tensor

// One check for each operation: the largest error, relative to the largest true value.

extension SelfTest {
    func linear() throws -> Double {
        var worst = 0.0
        for rows in [3, 33] {
            let (x, weight, bias, gate) = (noise(rows * 48, 1), noise(32 * 48, 2), noise(32, 3), noise(32, 4))
            let start = noise(rows * 32, 5)
            let products = (0..<rows * 32).map { at in dot(x[at / 32 * 48..<(at / 32 + 1) * 48], weight[at % 32 * 48..<(at % 32 + 1) * 48]) }
            for (type, held) in [(device.activationType, device.activationType), (device.activationType, .f32), (.f32, device.activationType)] {
                func tensor(_ values: [Float], _ shape: Shape, _ type: DType) -> Tensor {
                    let tensor = device.makeTensor(shape, type)
                    device.write(values, to: tensor)
                    return tensor
                }
                let weight = MatrixWeight(tensor(weight, [32, 48], type))
                let (input, biasTensor) = (tensor(x, Shape(rows, 48), held), device.makeTensor(bias, [32]))
                let y = tensor(start, Shape(rows, 32), held)
                device.linear(input, weight, bias: biasTensor, .store(.geluTanh), into: y)
                worst = max(worst, error(try device.floats(y), products.enumerated().map { geluTanh($1 + Double(bias[$0 % 32])) }))
                device.write(start, to: y)
                let gateTensor = device.makeTensor(gate, [32])
                device.linear(input, weight, bias: nil, adding: [GatedRows(0..<1, gate: gateTensor), GatedRows(1..<rows, gate: gateTensor)], to: y)
                worst = max(worst, error(try device.floats(y), products.enumerated().map { Double(start[$0]) + Double(gate[$0 % 32]) * $1 }))
            }
        }
        return worst
    }

    func tables() throws -> Double {
        let table = device.makeTensor([9, 24], device.cacheType)
        let rows = noise(3 * 24, 6)
        device.scatter(device.makeActivations(rows, [3, 24]), rows: [7, 0, 4], into: table)
        let y = device.makeTensor([2, 24], device.activationType)
        device.embed([4, 7], table: table, into: y)
        return error(try device.floats(y), (Array(rows[48..<72]) + Array(rows[0..<24])).map(Double.init))
    }

    func rmsNorm(rows count: Int = 5, columns: Int = 40) throws -> Double {
        let (x, weight, start) = (noise(count * columns, 7), noise(columns, 8), noise(count * columns, 9))
        let normed = rows(x, columns) { row in
            let scale = 1 / (row.reduce(0) { $0 + $1 * $1 } / Double(columns) + 1e-5).squareRoot()
            return row.enumerated().map { $1 * scale * Double(weight[$0]) }
        }
        let (input, weights) = (device.makeActivations(x, Shape(count, columns)), device.makeTensor(weight, Shape(columns)))
        let y = device.makeActivations(start, Shape(count, columns))
        device.addRMSNorm(input, weight: weights, epsilon: 1e-5, to: y)
        device.rmsNorm(input, weight: weights, epsilon: 1e-5, into: input)
        return max(error(try device.floats(y), zip(start, normed).map { Double($0) + $1 }), error(try device.floats(input), normed))
    }

    /// The sum in memory that is given, then in the device's own.
    func addRMSNorm(rows count: Int = 5, columns: Int = 40) throws -> Double {
        func norm(_ x: [Double], _ weight: [Float]) -> [Double] {
            stride(from: 0, to: x.count, by: columns).flatMap { start in
                let scale = 1 / (x[start..<start + columns].reduce(0) { $0 + $1 * $1 } / Double(columns) + 1e-5).squareRoot()
                return (0..<columns).map { x[start + $0] * scale * Double(weight[$0]) }
            }
        }
        let shape = Shape(count, columns)
        let (x, first, second) = (noise(shape.count, 36), noise(columns, 37), noise(columns, 38))
        var (truth, worst) = (noise(shape.count, 39).map(Double.init), 0.0)
        let (input, normed) = (device.makeActivations(x, shape), device.makeTensor(shape, device.activationType))
        var sum = device.makeActivations(truth.map { Float($0) }, shape)
        for room in [device.makeTensor(shape, device.activationType), nil] {
            sum = device.addRMSNorm(
                input, weight: device.makeTensor(first, Shape(columns)), epsilon: 1e-5, to: sum, room: room,
                nextWeight: device.makeTensor(second, Shape(columns)), nextEpsilon: 1e-5, into: normed)
            truth = zip(truth, norm(x.map(Double.init), first)).map(+)
            worst = max(worst, error(try device.floats(sum), truth), error(try device.floats(normed), norm(truth, second)))
        }
        return worst
    }

    func layerNorm(rows count: Int = 5, columns: Int = 32, headSize: Int = 16) throws -> Double {
        let (x, scale, shift) = (noise(count * columns, 10), noise(columns, 11), noise(columns, 12))
        let normed = rows(x, columns, standardized)
        let modulated = normed.enumerated().map { $1 * (1 + Double(scale[$0 % columns])) + Double(shift[$0 % columns]) }
        let (input, y) = (device.makeActivations(x, Shape(count, columns)), device.makeTensor(Shape(count, columns), device.activationType))
        device.modulatedLayerNorm(
            input, scale: device.makeTensor(scale, Shape(columns)), shift: device.makeTensor(shift, Shape(columns)), epsilon: 1e-5, into: y)
        let first = error(try device.floats(y), modulated)
        device.headLayerNorm(input, headSize: headSize, epsilon: 1e-5, rotatingEnd: nil)
        return max(first, error(try device.floats(input), rows(x, headSize, standardized)))
    }

    func rotate(_ style: RotaryStyle, rows count: Int = 5, heads: Int = 3, size: Int = 64, angles: Int = 16) throws -> Double {
        let (x, turns) = (noise(count * heads * size, 13), noise(count * angles, 14).map { 3 * $0 })
        var truth = x.map(Double.init)
        for row in 0..<count {
            for head in 0..<heads {
                for angle in 0..<angles {
                    let (start, turn) = ((row * heads + head) * size, Double(turns[row * angles + angle]))
                    let (a, b) = style == .halves ? (start + angle, start + angle + angles) : (start + 2 * angle, start + 2 * angle + 1)
                    (truth[a], truth[b]) = (
                        Double(x[a]) * cos(turn) - Double(x[b]) * sin(turn), Double(x[b]) * cos(turn) + Double(x[a]) * sin(turn)
                    )
                }
            }
        }
        let rotation = Rotation(
            style, cosine: device.makeTensor(turns.map { cosf($0) }, Shape(count, angles)),
            sine: device.makeTensor(turns.map { sinf($0) }, Shape(count, angles)))
        let turned = device.rotated(device.makeActivations(x, Shape(count, heads * size)), headSize: size, by: rotation)
        return error(try device.floats(turned), truth)
    }

    /// Rows that turn behind rows that don't, all of them normalised head by head.
    func rotateEnd() throws -> Double {
        let (count, still, heads, size) = (7, 3, 2, 16)
        let (x, turns) = (noise(count * heads * size, 40), noise((count - still) * size / 2, 41).map { 3 * $0 })
        var truth = rows(x, size, standardized)
        for row in still..<count {
            for head in 0..<heads {
                for angle in 0..<size / 2 {
                    let (start, turn) = ((row * heads + head) * size + angle, Double(turns[(row - still) * size / 2 + angle]))
                    let (a, b) = (truth[start], truth[start + size / 2])
                    (truth[start], truth[start + size / 2]) = (a * cos(turn) - b * sin(turn), b * cos(turn) + a * sin(turn))
                }
            }
        }
        let angles = Shape(count - still, size / 2)
        let input = device.makeActivations(x, Shape(count, heads * size))
        device.headLayerNorm(
            input, headSize: size, epsilon: 1e-5,
            rotatingEnd: Rotation(
                .halves, cosine: device.makeTensor(turns.map { cosf($0) }, angles), sine: device.makeTensor(turns.map { sinf($0) }, angles)))
        return error(try device.floats(input), truth)
    }

    func gated(rows count: Int = 6, columns: Int = 32) throws -> Double {
        let x = noise(count * 2 * columns, 15)
        let (both, y) = (device.makeActivations(x, Shape(count, 2 * columns)), device.makeTensor(Shape(count, columns), device.activationType))
        device.gated(.silu, gate: both.columns(0..<columns), up: both.columns(columns..<2 * columns), into: y)
        return error(
            try device.floats(y),
            (0..<count * columns).map { at in
                let gateAt = at / columns * 2 * columns + at % columns
                let gate = Double(x[gateAt])
                return gate / (1 + exp(-gate)) * Double(x[gateAt + columns])
            })
    }

    func residuals() throws -> Double {
        let (x, start) = (noise(5 * 40, 34), noise(5 * 40, 35))
        let truth = zip(x, start).map { -0.5 * Double($0) + 3 * Double($1) }
        let (y, mean) = (device.makeTensor(start, [5, 40]), device.makeTensor([1], .f32))
        device.add(device.makeTensor(x, [5, 40]), times: -0.5, to: y, times: 3)
        device.meanAbsolute(y, into: mean)
        return max(error(try device.floats(y), truth), error(try device.floats(mean), [truth.reduce(0) { $0 + abs($1) } / 200]))
    }
}

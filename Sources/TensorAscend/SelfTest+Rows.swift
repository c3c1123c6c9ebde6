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

    func rmsNorm() throws -> Double {
        let (x, weight, start) = (noise(5 * 40, 7), noise(40, 8), noise(5 * 40, 9))
        let normed = rows(x, 40) { row in
            let scale = 1 / (row.reduce(0) { $0 + $1 * $1 } / 40 + 1e-5).squareRoot()
            return row.enumerated().map { $1 * scale * Double(weight[$0]) }
        }
        let (input, weights) = (device.makeActivations(x, [5, 40]), device.makeTensor(weight, [40]))
        let y = device.makeActivations(start, [5, 40])
        device.addRMSNorm(input, weight: weights, epsilon: 1e-5, to: y)
        device.rmsNorm(input, weight: weights, epsilon: 1e-5, into: input)
        return max(error(try device.floats(y), zip(start, normed).map { Double($0) + $1 }), error(try device.floats(input), normed))
    }

    /// The sum in memory that is given, then in the device's own.
    func addRMSNorm() throws -> Double {
        func norm(_ x: [Double], _ weight: [Float]) -> [Double] {
            stride(from: 0, to: x.count, by: 40).flatMap { start in
                let scale = 1 / (x[start..<start + 40].reduce(0) { $0 + $1 * $1 } / 40 + 1e-5).squareRoot()
                return (0..<40).map { x[start + $0] * scale * Double(weight[$0]) }
            }
        }
        let (x, first, second) = (noise(5 * 40, 36), noise(40, 37), noise(40, 38))
        var (truth, worst) = (noise(5 * 40, 39).map(Double.init), 0.0)
        let (input, normed) = (device.makeActivations(x, [5, 40]), device.makeTensor([5, 40], device.activationType))
        var sum = device.makeActivations(truth.map { Float($0) }, [5, 40])
        for room in [device.makeTensor([5, 40], device.activationType), nil] {
            sum = device.addRMSNorm(
                input, weight: device.makeTensor(first, [40]), epsilon: 1e-5, to: sum, room: room, nextWeight: device.makeTensor(second, [40]),
                nextEpsilon: 1e-5, into: normed)
            truth = zip(truth, norm(x.map(Double.init), first)).map(+)
            worst = max(worst, error(try device.floats(sum), truth), error(try device.floats(normed), norm(truth, second)))
        }
        return worst
    }

    func layerNorm() throws -> Double {
        let (x, scale, shift) = (noise(5 * 32, 10), noise(32, 11), noise(32, 12))
        let normed = rows(x, 32, standardized)
        let modulated = normed.enumerated().map { $1 * (1 + Double(scale[$0 % 32])) + Double(shift[$0 % 32]) }
        let (input, y) = (device.makeActivations(x, [5, 32]), device.makeTensor([5, 32], device.activationType))
        device.modulatedLayerNorm(input, scale: device.makeTensor(scale, [32]), shift: device.makeTensor(shift, [32]), epsilon: 1e-5, into: y)
        let first = error(try device.floats(y), modulated)
        device.headLayerNorm(input, headSize: 16, epsilon: 1e-5, rotatingEnd: nil)
        return max(first, error(try device.floats(input), rows(x, 16, standardized)))
    }

    func rotate(_ style: RotaryStyle) throws -> Double {
        let (count, heads, size, angles) = (5, 3, 64, 16)
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

    func gated() throws -> Double {
        let x = noise(6 * 64, 15)
        let (both, y) = (device.makeActivations(x, [6, 64]), device.makeTensor([6, 32], device.activationType))
        device.gated(.silu, gate: both.columns(0..<32), up: both.columns(32..<64), into: y)
        return error(
            try device.floats(y),
            (0..<6 * 32).map { at in
                let gate = Double(x[at / 32 * 64 + at % 32])
                return gate / (1 + exp(-gate)) * Double(x[at / 32 * 64 + 32 + at % 32])
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

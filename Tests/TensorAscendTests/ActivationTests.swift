import Tensor
import TensorAscend
import TensorCPU
import Testing

extension OnDevice {
    /// Operations on tensors of the device's own type of activations, as models use them.
    @Suite struct ActivationTests {
        @Test(
            "a product of few rows reads and writes whole tiles of a workspace, and of other matrices no row but its own", arguments: Variant.allCases
        )
        func fewRows(variant: Variant) throws {
            let (inputs, outputs, all) = (40, 24, 20)
            var noise = Noise(31)
            let (x, start, bias) = (noise(all * inputs), noise(all * outputs), noise(outputs))
            let weight = hostWeight(noise(outputs * inputs), [outputs, inputs], .bf16)
            try expectAgreement(variant) { device in
                let (x, y) = (device.makeActivations(x, [all, inputs]), device.makeActivations(start, [all, outputs]))
                let matrix = MatrixWeight(device.place(weight)), biasTensor = device.makeTensor(bias, Shape(outputs))
                // In the midst of y, and from the end of x, behind which there is nothing.
                device.linear(x.rows(17..<20), matrix, bias: biasTensor, .store(.silu), into: y.rows(2..<5))
                let (part, result) = (x.prefix([3, inputs]), device.makeTensor([all, outputs], device.activationType).prefix([3, outputs]))
                device.linear(part, matrix, bias: biasTensor, .store(.identity), into: result)
                return try device.floats(y) + device.floats(result)
            }
        }

        @Test("a product whose parts have gates of their own leaves the rows of no part", arguments: Variant.allCases)
        func gatedRows(variant: Variant) throws {
            for (text, rows) in [(0, 3), (2, 5), (30, 50)] {
                var noise = Noise(32)
                let (x, start, gates) = (noise(rows * 32), noise(rows * 48), noise(2 * 48))
                let weight = hostWeight(noise(48 * 32), [48, 32], .bf16)
                try expectAgreement(variant) { device in
                    let y = device.makeActivations(start, Shape(rows, 48))
                    let vectors = device.makeTensor(gates, [2 * 48])
                    device.linear(
                        device.makeActivations(x, Shape(rows, 32)), MatrixWeight(device.place(weight)), bias: nil,
                        adding: [GatedRows(0..<text, gate: vectors.elements(0..<48)), GatedRows(text..<rows - 1, gate: vectors.elements(48..<96))],
                        to: y)
                    return try device.floats(y)
                }
            }
        }

        @Test("a sum and its norm agree with the CPU, and again where the sum has gone elsewhere", arguments: Variant.allCases)
        func sumAndNorm(variant: Variant) throws {
            for rows in [1, 40] {
                var noise = Noise(33)
                let (x, y, weights) = (noise(rows * 64), noise(rows * 64), noise(2 * 64))
                try expectAgreement(variant) { device in
                    let (input, first) = (device.makeActivations(x, Shape(rows, 64)), device.makeActivations(y, Shape(rows, 64)))
                    let vectors = device.makeTensor(weights, [2 * 64])
                    func add(_ room: Tensor?, to sum: Tensor) -> Tensor {
                        device.addRMSNorm(
                            input, weight: vectors.elements(0..<64), epsilon: 1e-5, to: sum, room: room, nextWeight: vectors.elements(64..<128),
                            nextEpsilon: 1e-5, into: input)
                    }
                    let sum = add(first, to: add(nil, to: first))
                    return try device.floats(sum) + device.floats(input)
                }
            }
        }

        @Test("the last rows turn, those in front of them are normalised only", arguments: Variant.allCases)
        func rotatedEnd(variant: Variant) throws {
            for (still, turning, size, angles) in [(0, 4, 16, 8), (3, 5, 32, 16), (2, 4, 32, 8)] {
                var noise = Noise(34)
                let (x, turns) = (noise((still + turning) * 2 * size), noise(turning * angles))
                try expectAgreement(variant) { device in
                    let input = device.makeActivations(x, Shape(still + turning, 2 * size))
                    let angles = device.makeTensor(turns, Shape(turning, angles))
                    device.headLayerNorm(input, headSize: size, epsilon: 1e-5, rotatingEnd: Rotation(.halves, cosine: angles, sine: angles))
                    return try device.floats(input)
                }
            }
        }
    }
}

import Tensor
import TensorAscend
import TensorCPU
import Testing

extension OnDevice {
    @Suite struct RowTests {
        @Test("a product agrees with the CPU for every type of weight, epilogue and layout", arguments: Variant.allCases, [DType.f32, .bf16, .f16])
        func linear(variant: Variant, type: DType) throws {
            for (rows, inputs, outputs, gap) in [(1, 33, 7, 0), (5, 64, 48, 3), (16, 17, 65, 0), (17, 40, 31, 2), (70, 96, 80, 0)] {
                var noise = Noise(UInt64(rows))
                let (x, start, bias, gate) = (noise(rows * inputs), noise(rows * outputs), noise(outputs), noise(outputs))
                let weight = hostWeight(noise(outputs * inputs), Shape(outputs, inputs), type)
                for choice in 0..<8 {
                    try expectAgreement(variant) { device in
                        let y = device.strided(start, rows, outputs, gap: gap)
                        let epilogue: Epilogue =
                            switch choice / 2 {
                            case 0: .store(.identity)
                            case 1: .store(.silu)
                            case 2: .add
                            default: .addGated(device.makeTensor(gate, Shape(outputs)))
                            }
                        device.linear(
                            device.strided(x, rows, inputs, gap: gap), MatrixWeight(device.place(weight)),
                            bias: choice % 2 == 0 ? nil : device.makeTensor(bias, Shape(outputs)),
                            epilogue, into: y)
                        #expect(try device.gaps(y, gap).allSatisfy { $0 == 777 })
                        return try device.values(y)
                    }
                }
            }
        }

        @Test("each row of a product has the same bits alone and among others", arguments: Variant.allCases)
        func batch(variant: Variant) throws {
            let device = try variant.device
            var noise = Noise(4)
            let x = device.makeTensor(noise(16 * 80), [16, 80])
            let weight = device.place(hostWeight(noise(50 * 80), [50, 80], .bf16))
            func product(_ rows: Range<Int>) throws -> [Float] {
                let y = device.makeTensor(Shape(rows.count, 50), .f32)
                device.linear(x.rows(rows), MatrixWeight(weight), bias: nil, .store(.identity), into: y)
                return try device.floats(y)
            }
            let all = try product(0..<16)
            for row in [0, 7, 15] { #expect(try product(row..<row + 1) == Array(all[row * 50..<(row + 1) * 50])) }
        }

        @Test("rows are gathered from and scattered into tables of each type", arguments: Variant.allCases)
        func tables(variant: Variant) throws {
            for (columns, gap) in [(7, 0), (64, 5)] {
                try expectAgreement(variant) { device in
                    var noise = Noise(5)
                    let table = device.makeTensor([20, columns], device.cacheType)
                    device.scatter(device.makeTensor(noise(20 * columns), Shape(20, columns)), rows: (0..<20).reversed(), into: table)
                    device.scatter(device.strided(noise(3 * columns), 3, columns, gap: gap), rows: [19, 0, 8], into: table)
                    let y = device.strided(noise(5 * columns), 5, columns, gap: gap)
                    device.embed([8, 8, 0, 19, 3], table: table, into: y)
                    return try device.values(y)
                }
            }
        }

        @Test("a placed table of each type is read", arguments: Variant.allCases, [DType.f32, .bf16, .f16])
        func placed(variant: Variant, type: DType) throws {
            var noise = Noise(6)
            let table = hostWeight(noise(30 * 12), [30, 12], type)
            try expectAgreement(variant) { device in
                let y = device.makeTensor([3, 12], .f32)
                device.embed([29, 0, 7], table: device.place(table), into: y)
                return try device.floats(y)
            }
        }

        @Test("norms agree with the CPU, in place and apart", arguments: Variant.allCases)
        func norms(variant: Variant) throws {
            for (rows, columns, gap) in [(1, 8, 0), (3, 65, 2), (40, 128, 0)] {
                var noise = Noise(7)
                let (x, start, weight, bias) = (noise(rows * columns), noise(rows * columns), noise(columns), noise(columns))
                func check(_ body: (any Device, Tensor, Tensor) -> Void) throws {
                    try expectAgreement(variant) { device in
                        let (input, y) = (device.strided(x, rows, columns, gap: gap), device.strided(start, rows, columns, gap: gap))
                        body(device, input, y)
                        return try device.values(y)
                    }
                    try expectAgreement(variant) { device in
                        let input = device.strided(x, rows, columns, gap: gap)
                        body(device, input, input)
                        return try device.values(input)
                    }
                }
                func vector(_ device: any Device, _ values: [Float]) -> Tensor { device.makeTensor(values, Shape(columns)) }
                try check { $0.rmsNorm($1, weight: vector($0, weight), epsilon: 1e-5, into: $2) }
                try check { $0.addRMSNorm($1, weight: vector($0, weight), epsilon: 1e-5, to: $2) }
                try check { $0.layerNorm($1, weight: nil, bias: nil, epsilon: 1e-6, into: $2) }
                try check { $0.layerNorm($1, weight: vector($0, weight), bias: vector($0, bias), epsilon: 1e-6, into: $2) }
                try check { $0.layerNorm($1, weight: vector($0, weight), bias: nil, epsilon: 1e-6, into: $2) }
                try check { $0.modulatedLayerNorm($1, scale: vector($0, weight), shift: vector($0, bias), epsilon: 1e-5, into: $2) }
            }
        }

        @Test("heads are normalised and turned where they lie, and nothing beside them", arguments: Variant.allCases, RotaryStyle.allCases)
        func heads(variant: Variant, style: RotaryStyle) throws {
            for (rows, heads, size, angles, gap) in [(1, 1, 8, 2, 0), (9, 3, 32, 16, 4), (20, 4, 64, 16, 0), (5, 2, 40, 20, 1)] {
                var noise = Noise(8)
                let (x, turns) = (noise(rows * heads * size), noise(rows * angles))
                try expectAgreement(variant) { device in
                    let input = device.strided(x, rows, heads * size, gap: gap)
                    device.headLayerNorm(input, headSize: size, epsilon: 1e-5, rotatingEnd: nil)
                    device.rotate(
                        input, headSize: size,
                        by: Rotation(
                            style, cosine: device.strided(turns, rows, angles, gap: gap),
                            sine: device.makeTensor(turns.reversed(), Shape(rows, angles))))
                    #expect(try device.gaps(input, gap).allSatisfy { $0 == 777 })
                    return try device.values(input)
                }
            }
        }

        @Test(
            "gates multiply, whether or not gate and up are one matrix", arguments: Variant.allCases, [Activation.silu, .geluTanh, .gelu, .identity])
        func gated(variant: Variant, activation: Activation) throws {
            for (rows, columns) in [(1, 5), (7, 48)] {
                var noise = Noise(9)
                let (both, up) = (noise(rows * 2 * columns), noise(rows * columns))
                try expectAgreement(variant) { device in
                    let matrix = device.makeTensor(both, Shape(rows, 2 * columns))
                    let y = device.makeTensor(Shape(rows, columns), .f32)
                    device.gated(activation, gate: matrix.columns(0..<columns), up: matrix.columns(columns..<2 * columns), into: y)
                    let apart = device.makeTensor(up, Shape(rows, columns))
                    device.gated(activation, gate: y, up: apart, into: y)
                    device.gated(activation, gate: matrix.columns(columns..<2 * columns), up: matrix.columns(0..<columns), into: apart)
                    device.add(apart, to: y)
                    device.activate(activation, y, into: y)
                    return try device.floats(y)
                }
            }
        }

        @Test("scaled sums and the mean size agree with the CPU, beside what lies between the rows", arguments: Variant.allCases)
        func residuals(variant: Variant) throws {
            for (rows, columns, gap) in [(1, 5, 0), (7, 48, 3)] {
                try expectAgreement(variant) { device in
                    var noise = Noise(11)
                    let (x, y) = (
                        device.strided(noise(rows * columns), rows, columns, gap: gap), device.strided(noise(rows * columns), rows, columns, gap: gap)
                    )
                    let mean = device.makeTensor([1], .f32)
                    device.add(x, times: 0.25, to: y, times: -2)
                    device.add(x, times: -1, to: y, times: 1)
                    device.meanAbsolute(y, into: mean)
                    #expect(try device.gaps(y, gap).allSatisfy { $0 == 777 })
                    return try device.values(y) + device.floats(mean)
                }
            }
        }

        @Test("copies honour strides, for floats and for half floats", arguments: Variant.allCases)
        func copies(variant: Variant) throws {
            try expectAgreement(variant) { device in
                var noise = Noise(10)
                let (x, y) = (device.strided(noise(6 * 9), 6, 9, gap: 2), device.strided(noise(6 * 9), 6, 9, gap: 3))
                device.copy(x, to: y)
                device.copy(y.rows(1..<3), to: y.rows(4..<6))
                #expect(try device.gaps(y, 3).allSatisfy { $0 == 777 })
                return try device.values(y)
            }
        }

        @Test("the largest of each row is found, the first of equals", arguments: Variant.allCases)
        func argmax(variant: Variant) throws {
            let device = try variant.device
            var values = [Float](repeating: -3, count: 4 * 300)
            for (row, places) in [[0], [299], [17, 18, 200], [5, 299]].enumerated() { for place in places { values[row * 300 + place] = 2 } }
            let places = device.makeTensor([4], .i32)
            device.argmax(device.strided(values, 4, 300, gap: 1), into: places)
            #expect(try device.integers(places) == [0, 299, 17, 5])
        }
    }
}

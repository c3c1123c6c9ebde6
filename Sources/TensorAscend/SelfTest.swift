import Foundation
import Tensor

/// Runs each operation of a device on a small input and compares with the host: what is missing, turned down or silently wrong on
/// this chip and this CANN shows here, not in a picture.
///
/// Compositions must hold, or the device can't be used. A fused operator that doesn't is done without. Public reports tell of fused
/// attention that ignores a mask behind key 512, so its inputs are longer than that.
struct SelfTest {
    private let device: AscendDevice
    private static let exactLimit = 1e-3, roundedLimit = 2e-2

    init(_ device: AscendDevice) { self.device = device }

    /// Settles `device.fused`.
    /// - Parameter report: called with each fused operator that the device does without, and why.
    /// - Throws: `DeviceError` where an operation has no way to run rightly.
    func run(_ report: (String) -> Void) throws {
        let wanted = device.fused
        device.fused = .none
        for (name, check) in compositions {
            let error: Double
            do { error = try check() } catch let failure as DeviceError {
                throw DeviceError(.unavailable, "\(device.name), \(device.information.chip): self-test of \(name): \(failure)")
            }
            guard error <= limit else {
                throw DeviceError(
                    .unavailable, "\(device.name), \(device.information.chip): self-test of \(name): error \(error) of the largest value, limit \(limit)")
            }
        }
        for (name, flag, check) in fusedChecks where wanted[keyPath: flag] {
            device.fused[keyPath: flag] = true
            if let reason = try failure(of: check) {
                device.fused[keyPath: flag] = false
                report("\(name): \(reason)")
            }
        }
    }

    private var limit: Double { device.half == nil ? SelfTest.exactLimit : SelfTest.roundedLimit }

    /// Why a fused operator can't be used, or nil.
    private func failure(of check: () throws -> Double) throws -> String? {
        let refusals = device.queue.refusals
        do {
            let error = try check()
            if device.queue.refusals > refusals { return "missing or turned down" }
            return error <= limit ? nil : "error \(error) of the largest value, limit \(limit)"
        } catch let failure as DeviceError where failure.kind != .lost {
            return failure.message
        }
    }

    private var compositions: [(String, () throws -> Double)] {
        [
            ("linear", linear), ("embed and scatter", tables), ("RMSNorm", rmsNorm), ("LayerNorm", layerNorm), ("rotate", rotate), ("gated", gated),
            ("attention", { try attention(rows: 40, keys: 50, causal: false) }), ("causal attention", { try attention(rows: 40, keys: 50, causal: true) }),
            ("attention with bias", biasedAttention), ("paged attention", paged), ("convolution", convolution), ("GroupNorm", groupNorm), ("argmax", argmax),
        ]
    }

    private var fusedChecks: [(String, WritableKeyPath<FusedOperators, Bool>, () throws -> Double)] {
        var checks: [(String, WritableKeyPath<FusedOperators, Bool>, () throws -> Double)] = [
            ("fused rotation", \.rotary, rotate), ("SwiGLU", \.swiGlu, gated), ("GroupNorm with SiLU", \.groupNormSilu, groupNorm),
        ]
        if device.half != nil {
            checks += [
                ("fused attention", \.attention, { try attention(rows: 70, keys: 600, causal: false) }),
                ("fused causal attention", \.causalAttention, { try attention(rows: 540, keys: 600, causal: true) }),
                ("fused paged attention", \.pagedAttention, paged),
            ]
        }
        return checks
    }
}

// One check for each operation: the largest error, relative to the largest true value.

extension SelfTest {
    private func linear() throws -> Double {
        var worst = 0.0
        for rows in [3, 33] {
            let (x, weight, bias, gate) = (noise(rows * 48, 1), noise(32 * 48, 2), noise(32, 3), noise(32, 4))
            let start = noise(rows * 32, 5)
            let products = (0..<rows * 32).map { at -> Double in
                dot(x[at / 32 * 48..<(at / 32 + 1) * 48], weight[at % 32 * 48..<(at % 32 + 1) * 48]) + Double(bias[at % 32])
            }
            for type in Set([DType.f32, device.half ?? .f32]) {
                let placed = device.makeTensor([32, 48], type)
                device.queue.copy(Operand(matrix: device.makeTensor(weight, [32, 48])), to: Operand(matrix: placed))
                let (input, biasTensor) = (device.makeTensor(x, Shape(rows, 48)), device.makeTensor(bias, [32]))
                let y = device.makeTensor(start, Shape(rows, 32))
                device.linear(input, placed, bias: biasTensor, .store(.geluTanh), into: y)
                worst = max(worst, error(try device.floats(y), products.map(geluTanh)))
                device.write(start, to: y)
                device.linear(input, placed, bias: biasTensor, .addGated(device.makeTensor(gate, [32])), into: y)
                worst = max(worst, error(try device.floats(y), products.enumerated().map { Double(start[$0]) + Double(gate[$0 % 32]) * $1 }))
            }
        }
        return worst
    }

    private func tables() throws -> Double {
        let table = device.makeTensor([9, 24], device.cacheType)
        let rows = noise(3 * 24, 6)
        device.scatter(device.makeTensor(rows, [3, 24]), rows: [7, 0, 4], into: table)
        let y = device.makeTensor([2, 24], .f32)
        device.embed([4, 7], table: table, into: y)
        return error(try device.floats(y), (Array(rows[48..<72]) + Array(rows[0..<24])).map(Double.init))
    }

    private func rmsNorm() throws -> Double {
        let (x, weight, start) = (noise(5 * 40, 7), noise(40, 8), noise(5 * 40, 9))
        let normed = rows(x, 40) { row in
            let scale = 1 / (row.reduce(0) { $0 + $1 * $1 } / 40 + 1e-5).squareRoot()
            return row.enumerated().map { $1 * scale * Double(weight[$0]) }
        }
        let (input, weights) = (device.makeTensor(x, [5, 40]), device.makeTensor(weight, [40]))
        let y = device.makeTensor(start, [5, 40])
        device.addRMSNorm(input, weight: weights, epsilon: 1e-5, to: y)
        device.rmsNorm(input, weight: weights, epsilon: 1e-5, into: input)
        return max(error(try device.floats(y), zip(start, normed).map { Double($0) + $1 }), error(try device.floats(input), normed))
    }

    private func layerNorm() throws -> Double {
        let (x, scale, shift) = (noise(5 * 32, 10), noise(32, 11), noise(32, 12))
        let normed = rows(x, 32, standardized)
        let modulated = normed.enumerated().map { $1 * (1 + Double(scale[$0 % 32])) + Double(shift[$0 % 32]) }
        let (input, y) = (device.makeTensor(x, [5, 32]), device.makeTensor([5, 32], .f32))
        device.modulatedLayerNorm(input, scale: device.makeTensor(scale, [32]), shift: device.makeTensor(shift, [32]), epsilon: 1e-5, into: y)
        let first = error(try device.floats(y), modulated)
        device.headLayerNorm(input, headSize: 16, epsilon: 1e-5)
        return max(first, error(try device.floats(input), rows(x, 16, standardized)))
    }

    private func rotate() throws -> Double {
        let (count, heads, size, angles) = (5, 3, 64, 16)
        let (x, turns) = (noise(count * heads * size, 13), noise(count * angles, 14).map { 3 * $0 })
        var truth = x.map(Double.init)
        for row in 0..<count {
            for head in 0..<heads {
                for angle in 0..<angles {
                    let (low, turn) = ((row * heads + head) * size + angle, Double(turns[row * angles + angle]))
                    (truth[low], truth[low + angles]) = (
                        Double(x[low]) * cos(turn) - Double(x[low + angles]) * sin(turn), Double(x[low + angles]) * cos(turn) + Double(x[low]) * sin(turn)
                    )
                }
            }
        }
        let input = device.makeTensor(x, Shape(count, heads * size))
        device.rotate(
            input, headSize: size, cosine: device.makeTensor(turns.map { cosf($0) }, Shape(count, angles)),
            sine: device.makeTensor(turns.map { sinf($0) }, Shape(count, angles)))
        return error(try device.floats(input), truth)
    }

    private func gated() throws -> Double {
        let x = noise(6 * 64, 15)
        let (both, y) = (device.makeTensor(x, [6, 64]), device.makeTensor([6, 32], .f32))
        device.gated(.silu, gate: both.columns(0..<32), up: both.columns(32..<64), into: y)
        return error(
            try device.floats(y), (0..<6 * 32).map { at in
                let gate = Double(x[at / 32 * 64 + at % 32])
                return gate / (1 + exp(-gate)) * Double(x[at / 32 * 64 + 32 + at % 32])
            })
    }

    private func attention(rows: Int, keys: Int, causal: Bool) throws -> Double {
        let (query, key, value) = (noise(rows * 64, 16), noise(keys * 32, 17), noise(keys * 32, 18))
        let y = device.makeTensor(Shape(rows, 64), .f32)
        device.attention(
            Attention(heads: 4, keyValueHeads: 2, headSize: 16, scale: 0.5, mask: causal ? .causal : .none), query: device.makeTensor(query, Shape(rows, 64)),
            key: device.makeTensor(key, Shape(keys, 32)), value: device.makeTensor(value, Shape(keys, 32)), into: y)
        return error(try device.floats(y), attended(query, key, value, rows: rows) { row, column, _ in causal && column > row + keys - rows ? nil : 0 })
    }

    private func biasedAttention() throws -> Double {
        let (rows, keys) = (6, 9)
        let (query, key, value, bias) = (noise(rows * 64, 19), noise(keys * 32, 20), noise(keys * 32, 21), noise(4 * (rows + keys - 1), 22))
        let y = device.makeTensor(Shape(rows, 64), .f32)
        let biasTensor = device.makeTensor(bias, Shape(4, rows + keys - 1))
        device.attention(
            Attention(heads: 4, keyValueHeads: 2, headSize: 16, scale: 0.5, relativeBias: biasTensor), query: device.makeTensor(query, Shape(rows, 64)),
            key: device.makeTensor(key, Shape(keys, 32)), value: device.makeTensor(value, Shape(keys, 32)), into: y)
        return error(
            try device.floats(y),
            attended(query, key, value, rows: rows) { row, column, head in Double(bias[head * (rows + keys - 1) + column - row + rows - 1]) })
    }

    /// Two sequences whose pages lie crosswise, one longer than 512 rows; and the same bits for one of them alone.
    private func paged() throws -> Double {
        let (pageRows, lengths) = (64, [530, 70])
        let pages: [[Int32]] = [[9, 1, 3, 8, 5, 7, 2, 10, 0], [6, 4]]
        let (query, key, value) = (noise(2 * 64, 23), noise(11 * pageRows * 32, 24), noise(11 * pageRows * 32, 25))
        func pool(_ values: [Float]) -> Tensor {
            let pool = device.makeTensor(Shape(11 * pageRows, 32), device.cacheType)
            device.queue.copy(Operand(matrix: device.makeTensor(values, pool.shape)), to: Operand(matrix: pool))
            return pool
        }
        let (keys, values, y, alone) = (pool(key), pool(value), device.makeTensor([2, 64], .f32), device.makeTensor([1, 64], .f32))
        let parameters = Attention(heads: 4, keyValueHeads: 2, headSize: 16, scale: 0.5, mask: .causal)
        let queries = device.makeTensor(query, [2, 64])
        let table = PageTable(pageRows: pageRows, sequences: Array(zip(pages, lengths)).map { (pages: $0, length: $1) })
        device.pagedAttention(parameters, query: queries, keys: keys, values: values, pages: table, into: y)
        let single = PageTable(pageRows: pageRows, sequences: [(pages: pages[1], length: lengths[1])])
        device.pagedAttention(parameters, query: queries.rows(1..<2), keys: keys, values: values, pages: single, into: alone)
        let result = try device.floats(y)
        guard try device.floats(alone) == Array(result[64..<128]) else { return .infinity }
        let truth = lengths.indices.flatMap { sequence -> [Double] in
            func gathered(_ pool: [Float]) -> [Float] {
                (0..<lengths[sequence]).flatMap { row in
                    let start = (Int(pages[sequence][row / pageRows]) * pageRows + row % pageRows) * 32
                    return pool[start..<start + 32]
                }
            }
            return attended(Array(query[sequence * 64..<sequence * 64 + 64]), gathered(key), gathered(value), rows: 1) { _, _, _ in 0 }
        }
        return error(result, truth)
    }

    /// Enlarged and evenly padded; then with a stride and padding below and on the right only.
    private func convolution() throws -> Double {
        let (side, inputs, outputs) = (4, 3, 5)
        let (x, weight, bias) = (noise(side * side * inputs, 26), noise(outputs * inputs * 9, 27), noise(outputs, 28))
        let placed = ConvolutionWeight(
            outChannels: outputs, inChannels: inputs, kernel: 3, weight: device.makeTensor(weight, Shape([outputs, inputs, 3, 3])),
            bias: device.makeTensor(bias, Shape(outputs)))
        var worst = 0.0
        for (stride, padding, upsampling) in [(1, Padding(1), 2), (2, Padding(top: 0, left: 0, bottom: 1, right: 1), 1)] {
            let height = (side * upsampling + padding.top + padding.bottom - 3) / stride + 1
            let y = device.makeTensor(Shape(height, height, outputs), .f32)
            device.convolution(
                device.makeTensor(x, Shape(side, side, inputs)), placed, stride: stride, padding: padding, upsampling: upsampling, .store(.identity), into: y)
            let truth = (0..<height * height * outputs).map { at -> Double in
                let (row, column, output) = (at / outputs / height * stride - padding.top, at / outputs % height * stride - padding.left, at % outputs)
                var sum = Double(bias[output])
                for (dy, dx) in (0..<9).map({ ($0 / 3, $0 % 3) }) {
                    let (sourceY, sourceX) = (row + dy, column + dx)
                    guard (0..<side * upsampling).contains(sourceY), (0..<side * upsampling).contains(sourceX) else { continue }
                    let pixel = (sourceY / upsampling * side + sourceX / upsampling) * inputs
                    for input in 0..<inputs { sum += Double(x[pixel + input]) * Double(weight[((output * inputs + input) * 3 + dy) * 3 + dx]) }
                }
                return sum
            }
            worst = max(worst, error(try device.floats(y), truth))
        }
        return worst
    }

    private func groupNorm() throws -> Double {
        let (pixels, channels, groups) = (12, 8, 2)
        let (x, weight, bias) = (noise(pixels * channels, 29), noise(channels, 30), noise(channels, 31))
        let y = device.makeTensor([3, 4, 8], .f32)
        device.groupNorm(
            device.makeTensor(x, [3, 4, 8]), groups: groups, weight: device.makeTensor(weight, [8]), bias: device.makeTensor(bias, [8]), epsilon: 1e-6,
            activation: .silu, into: y)
        var truth = [Double](repeating: 0, count: x.count)
        for group in 0..<groups {
            let members = x.indices.filter { $0 % channels / (channels / groups) == group }
            for (member, value) in zip(members, standardized(members.map { Double(x[$0]) }, epsilon: 1e-6)) {
                let scaled = value * Double(weight[member % channels]) + Double(bias[member % channels])
                truth[member] = scaled / (1 + exp(-scaled))
            }
        }
        return error(try device.floats(y), truth)
    }

    private func argmax() throws -> Double {
        let x = noise(4 * 50, 32)
        let places = device.makeTensor([4], .i32)
        device.argmax(device.makeTensor(x, [4, 50]), into: places)
        let truth = (0..<4).map { row in (0..<50).max { x[row * 50 + $0] < x[row * 50 + $1] } }
        return try device.integers(places).map { Int($0) } == truth ? 0 : .infinity
    }
}

// The same on the host, in f64.

extension SelfTest {
    /// Numbers in −1 … 1 that look random and are the same each time.
    private func noise(_ count: Int, _ seed: UInt64) -> [Float] {
        var state = seed &* 0x9e37_79b9_7f4a_7c15
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int32(truncatingIfNeeded: state >> 33)) / Float(1 << 30) - 1
        }
    }

    private func error(_ values: [Float], _ truth: [Double]) -> Double {
        var (worst, largest) = (0.0, Double.leastNormalMagnitude)
        for (value, true_) in zip(values, truth) {
            guard value.isFinite else { return .infinity }
            worst = max(worst, abs(Double(value) - true_))
            largest = max(largest, abs(true_))
        }
        return worst / largest
    }

    private func rows(_ x: [Float], _ columns: Int, _ map: ([Double]) -> [Double]) -> [Double] {
        stride(from: 0, to: x.count, by: columns).flatMap { map(x[$0..<$0 + columns].map(Double.init)) }
    }

    private func standardized(_ row: [Double]) -> [Double] { standardized(row, epsilon: 1e-5) }

    private func standardized(_ row: [Double], epsilon: Double) -> [Double] {
        let mean = row.reduce(0, +) / Double(row.count)
        let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
        return row.map { ($0 - mean) / (variance + epsilon).squareRoot() }
    }

    private func dot(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }

    private func geluTanh(_ x: Double) -> Double { 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) }

    /// Four heads of 16, two key heads, scores halved. `bias(row, column, head)` is nil where a key is hidden.
    private func attended(_ query: [Float], _ key: [Float], _ value: [Float], rows: Int, bias: (Int, Int, Int) -> Double?) -> [Double] {
        var result: [Double] = []
        for row in 0..<rows {
            for head in 0..<4 {
                let scores = (0..<key.count / 32).map { column -> Double in
                    guard let bias = bias(row, column, head) else { return -.infinity }
                    let (ask, answer) = (row * 64 + head * 16, column * 32 + head / 2 * 16)
                    return bias + 0.5 * dot(query[ask..<ask + 16], key[answer..<answer + 16])
                }
                let highest = scores.max() ?? 0
                let shares = scores.map { exp($0 - highest) }
                let total = shares.reduce(0, +)
                result += (0..<16).map { at in shares.enumerated().reduce(0) { $0 + $1.element * Double(value[$1.offset * 32 + head / 2 * 16 + at]) } / total }
            }
        }
        return result
    }
}

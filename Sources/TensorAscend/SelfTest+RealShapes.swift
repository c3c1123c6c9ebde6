import Tensor

// Each operation once at a shape of the published models, where tilings, splits over cores and limits are others than those of a small
// input. Of large results some elements are compared.

extension SelfTest {
    /// A check at the shape of a model; of a fused operator, its flag.
    private typealias RealShape = (name: String, flag: WritableKeyPath<FusedOperators, Bool>?, check: () throws -> Double)

    /// Checks what is used: a fused operator that is wrong is given up, and its composition must be right.
    func runRealShapes(_ report: (String) -> Void) throws {
        defer { device.releaseUnusedMemory() }
        for (name, flag, check) in rowShapes + attentionShapes + imageShapes {
            if let flag, device.fused[keyPath: flag] {
                guard let reason = try failure(of: check) else { continue }
                device.fused[keyPath: flag] = false
                report("\(name): \(reason)")
            }
            try require(name, check)
        }
        try require("convolution of 512 channels", limit: convolutionLimit) {
            try convolution(side: 16, inputs: 512, outputs: 512, stride: 1, padding: Padding(1), upsampling: 1, comparing: 1021)
        }
    }

    /// Rows of a pass of the decoder: hidden size 4096, MLP of 13696, 16512 codes.
    private var rowShapes: [RealShape] {
        let rows = device.batchRows
        return [
            ("product of \(rows) rows, K = 13696", nil, { try product(rows: rows, inputs: 13696, outputs: 4096) }),
            ("RMSNorm of 4096", nil, { try rmsNorm(rows: rows, columns: 4096) }),
            ("sum and RMSNorm of 4096", \.addRMSNorm, { try addRMSNorm(rows: rows, columns: 4096) }),
            ("LayerNorm of 4096 and of heads of 128", nil, { try layerNorm(rows: rows, columns: 4096, headSize: 128) }),
            ("rotation of heads of 128", \.rotary, { try rotate(.halves, rows: rows, heads: 32, size: 128, angles: 32) }),
            (
                "rotation of interleaved pairs of heads of 128", \.interleavedRotary,
                { try rotate(.interleaved, rows: rows, heads: 32, size: 128, angles: 32) }
            ),
            ("SwiGLU of 13696", \.swiGlu, { try gated(rows: rows, columns: 13696) }),
            ("argmax of 16512", nil, { try argmax(rows: rows, columns: 16512) }),
            ("sampling from 16512 codes", \.sampling, { try sampling(rows: rows, columns: 16512) }),
        ]
    }

    /// The decoder's 32 heads share two of keys, the vision tower's have 96 columns, the glyph encoder's 64 and a bias.
    private var attentionShapes: [RealShape] {
        let decoder = Heads(query: 32, keyValue: 2, size: 128, scale: 0.25)
        return [
            (
                "causal attention of 2112 rows", \.causalAttention,
                {
                    try attention(
                        Heads(query: 2, keyValue: 1, size: 128, scale: 0.25), rows: 2112, keys: 2112, causal: true,
                        compared: [511, 512, 1100, 2047, 2048, 2049, 2111])
                }
            ),
            (
                "causal attention of 256 rows to 2304 keys", \.causalAttention,
                { try attention(decoder, rows: 256, keys: 2304, causal: true, compared: [0, 129, 255]) }
            ),
            (
                "attention of heads of 96", \.attention,
                {
                    try attention(
                        Heads(query: 16, keyValue: 16, size: 96, scale: 0.25), rows: 500, keys: 500, causal: false, compared: [0, 63, 64, 257, 499])
                }
            ),
            (
                "attention of heads of 128", \.attention,
                {
                    try attention(
                        Heads(query: 32, keyValue: 32, size: 128, scale: 0.25), rows: 260, keys: 260, causal: false, compared: [0, 128, 259])
                }
            ),
            (
                "attention of heads of 64 with bias", nil,
                { try biasedAttention(Heads(query: 6, keyValue: 6, size: 64, scale: 0.25), rows: 96, keys: 96) }
            ),
            ("paged attention to 2100 keys", \.pagedAttention, { try paged(decoder, lengths: [2100, 530, 70]) }),
        ]
    }

    /// The widest blocks of the VAE.
    private var imageShapes: [RealShape] {
        [("GroupNorm of 512 channels", \.groupNormSilu, { try groupNorm(height: 16, width: 16, channels: 512, groups: 32) })]
    }

    /// Rows times a weight in the type that products read, whose rows repeat: so many random numbers would take longer than their products.
    private func product(rows: Int, inputs: Int, outputs: Int) throws -> Double {
        let (x, block) = (noise(rows * inputs, 37), noise(64 * inputs, 38))
        let y = device.makeTensor(Shape(rows, outputs), device.activationType)
        device.linear(
            device.makeActivations(x, Shape(rows, inputs)), MatrixWeight(try repeated(block, Shape(outputs, inputs))), bias: nil, .store(.identity),
            into: y)
        let result = try device.floats(y), compared = stride(from: 0, to: result.count, by: 61)
        return error(
            compared.map { result[$0] },
            compared.map { at in
                let (row, output) = (at / outputs, at % outputs % 64)
                return dot(x[row * inputs..<(row + 1) * inputs], block[output * inputs..<(output + 1) * inputs])
            })
    }
}

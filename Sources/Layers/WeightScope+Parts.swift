import Checkpoint

// Parts of products' weights, as ranks have them that divide a product among them (tensor parallelism).

extension WeightScope {
    /// Some of the outputs of a product: rows of its weight, which lie in one piece in the file.
    package func linear(_ name: String, from inputs: Int, to outputs: Int, rows: Range<Int>, bias: Bool) throws -> Linear {
        guard rows != 0..<outputs else { return try linear(name, from: inputs, to: outputs, bias: bias) }
        let scope = scope(name)
        let weight = try scope.matrix("weight", outputs, inputs) { $0.rows(rows) }
        return Linear(
            device: device, weight: weight, bias: bias ? try scope.vector("bias", outputs, part: rows) : nil)
    }

    /// The terms of a product that come from some of its inputs: columns of its weight, of which a copy is made, because products read dense
    /// weights. A bias is added once: it is with the terms of the first inputs.
    package func linear(_ name: String, from inputs: Int, columns: Range<Int>, to outputs: Int, bias: Bool) throws -> Linear {
        guard columns != 0..<inputs else { return try linear(name, from: inputs, to: outputs, bias: bias) }
        let scope = scope(name), isFirst = columns.lowerBound == 0
        if bias, !isFirst { map.ignore(prefix: "\(scope.prefix)bias") }
        return Linear(
            device: device, weight: try scope.matrix("weight", outputs, inputs) { $0.columns(columns) },
            bias: bias && isFirst ? try scope.vector("bias", outputs) : nil)
    }
}

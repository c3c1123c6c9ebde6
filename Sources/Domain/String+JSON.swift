extension String {
    /// The text as a string of JSON, quotation marks included, whoever wrote it: in one line, and without effect on a terminal that shows it.
    public var quotedJSON: String {
        var result = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.actsOnTerminal:
                result += scalar.escapedJSON
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// The text, itself of JSON, without effect on a terminal that shows it: characters that act there stand in its strings alone.
    public var printableJSON: String {
        unicodeScalars.reduce(into: "") { text, scalar in
            if scalar.actsOnTerminal, scalar != "\n" { text += scalar.escapedJSON } else { text.unicodeScalars.append(scalar) }
        }
    }
}

extension Unicode.Scalar {
    /// Of one that acts on terminals: all of them have at most four digits.
    fileprivate var escapedJSON: String {
        let digits = String(value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}

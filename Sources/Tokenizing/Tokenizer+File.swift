extension PreTokenizer {
    /// - Throws: `unsupported` for anything but a Split by a known expression and ByteLevel, or ByteLevel alone.
    init(_ component: TokenizerFile.Component?) throws(TokenizingError) {
        guard let component else { throw TokenizingError(.unsupported, "no pre_tokenizer; ByteLevel is needed") }
        let steps = component.type == "Sequence" ? component.pretokenizers ?? [] : [component]
        guard let bytes = steps.last, bytes.type == "ByteLevel", steps.count <= 2, steps.count == 1 || steps[0].type == "Split" else {
            throw TokenizingError(.unsupported, "the pre_tokenizer \(steps.map(\.type).joined(separator: ", ")); supported is Split, ByteLevel")
        }
        // Both settings are on where an old file leaves them out.
        addsPrefixSpace = bytes.addPrefixSpace ?? true
        let usesRegex = bytes.useRegex ?? true
        guard steps.count == 2 else {
            pattern = usesRegex ? .gpt2 : .whole
            return
        }
        guard !usesRegex else { throw TokenizingError(.unsupported, "pre_tokenizer: ByteLevel with use_regex after a Split") }
        guard steps[0].behavior == "Isolated", steps[0].invert != true else {
            throw TokenizingError(.unsupported, "pre_tokenizer: Split with behavior \(steps[0].behavior ?? "missing"), invert \(steps[0].invert ?? false); supported is Isolated, false")
        }
        guard let regex = steps[0].pattern?.regex, Self.cl100kTexts.contains(regex) else {
            throw TokenizingError(.unsupported, "pre_tokenizer: the pattern \(steps[0].pattern?.regex ?? "that isn't a Regex") is not GLM-4's")
        }
        pattern = .cl100k
    }
}

extension BytePairEncoding {
    /// - Throws: `unsupported` for a model that isn't plain byte-level BPE, `malformed` for merges outside the vocabulary.
    init(_ model: TokenizerFile.Model, vocabulary: [[UInt8]: Int32]) throws(TokenizingError) {
        func refuse(_ setting: String, _ value: String?) throws(TokenizingError) {
            if let value, !value.isEmpty { throw TokenizingError(.unsupported, "model.\(setting) is \(value), which we don't compute") }
        }
        if let type = model.type, type != "BPE" { try refuse("type", type) }
        // With a token for every byte nothing is ever unknown.
        if !(0...255).allSatisfy({ vocabulary[[UInt8($0)]] != nil }) {
            try refuse("unk_token", model.unknownToken)
            if model.byteFallback == true { try refuse("byte_fallback", "true") }
        }
        try refuse("continuing_subword_prefix", model.subwordPrefix)
        try refuse("end_of_word_suffix", model.wordSuffix)
        if let dropout = model.dropout, dropout != 0 { try refuse("dropout", "\(dropout)") }

        var merges: [([UInt8], [UInt8])] = []
        merges.reserveCapacity(model.merges.count)
        for merge in model.merges {
            guard let left = ByteAlphabet.bytes(of: merge.left), let right = ByteAlphabet.bytes(of: merge.right) else {
                throw TokenizingError(.malformed, "the merge (\(merge.left), \(merge.right)) is not written in the byte-level alphabet")
            }
            merges.append((left, right))
        }
        try self.init(vocabulary: vocabulary, merges: merges, ignoresMerges: model.ignoreMerges ?? false)
    }
}

extension PreTokenizer {
    /// - Throws: `unsupported` for anything but a Split by a known expression and ByteLevel, or ByteLevel alone.
    init(_ component: TokenizerSettings.Component?) throws(TokenizingError) {
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
            throw TokenizingError(
                .unsupported,
                "pre_tokenizer: Split with behavior \(steps[0].behavior ?? "missing"), invert \(steps[0].invert ?? false); supported is Isolated, false"
            )
        }
        guard let regex = steps[0].pattern?.regex, Self.cl100kTexts.contains(regex) else {
            throw TokenizingError(.unsupported, "pre_tokenizer: the pattern \(steps[0].pattern?.regex ?? "that isn't a Regex") is not GLM-4's")
        }
        pattern = .cl100k
    }
}

extension BytePairEncoding {
    /// - Throws: `unsupported` for a model that isn't plain byte-level BPE, `malformed` for merges outside the vocabulary.
    init(_ file: TokenizerFile) throws(TokenizingError) {
        func refuse(_ setting: String, _ value: String?) throws(TokenizingError) {
            if let value, !value.isEmpty { throw TokenizingError(.unsupported, "model.\(setting) is \(value), which we don't compute") }
        }
        let model = file.settings.model
        if let type = model.type, type != "BPE" { try refuse("type", type) }
        // With a token for every byte nothing is ever unknown.
        if !(0...255).allSatisfy({ file.vocabulary[[UInt8($0)]] != nil }) {
            try refuse("unk_token", model.unknownToken)
            if model.byteFallback == true { try refuse("byte_fallback", "true") }
        }
        try refuse("continuing_subword_prefix", model.subwordPrefix)
        try refuse("end_of_word_suffix", model.wordSuffix)
        if let dropout = model.dropout, dropout != 0 { try refuse("dropout", "\(dropout)") }
        try self.init(vocabulary: file.vocabulary, merges: file.merges, ignoresMerges: model.ignoreMerges ?? false)
    }
}

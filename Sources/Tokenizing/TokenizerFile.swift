import Foundation

/// tokenizer.json: its settings decoded as usual, its vocabulary and merges (hundreds of thousands) read straight into bytes.
struct TokenizerFile {
    let settings: TokenizerSettings
    /// The bytes that a token stands for and its id. A token outside the byte-level alphabet is not here: no text leads to it.
    private(set) var vocabulary: [[UInt8]: Int32] = [:]
    /// What each id decodes to.
    private(set) var spellings: [Int32: [UInt8]] = [:]
    /// Pairs of tokens, the first the strongest.
    private(set) var merges: [([UInt8], [UInt8])] = []

    init(_ url: URL) throws(TokenizingError) {
        let data = try TextFile.read(url)
        var lists = Lists()
        var settings: [UInt8] = []
        do throws(TokenizingError) {
            // The scanner's errors are typed, which the generic withUnsafeBytes of Data would lose.
            try Array(data).span.withUnsafeBufferPointer { bytes throws(TokenizingError) in
                var scanner = JSONScanner(bytes)
                settings = try lists.read(&scanner)
            }
            guard lists.hasVocabulary, lists.hasMerges else { throw TokenizingError(.malformed, "model.vocab or model.merges is missing") }
        } catch {
            throw TokenizingError(error.code, "\(url.path): \(error.message)")
        }
        self.settings = try TextFile.decode(TokenizerSettings.self, Data(settings), url)
        (vocabulary, spellings, merges) = (lists.vocabulary, lists.spellings, lists.merges)
    }

    private struct Lists {
        var vocabulary: [[UInt8]: Int32] = [:]
        var spellings: [Int32: [UInt8]] = [:]
        var merges: [([UInt8], [UInt8])] = []
        var hasVocabulary = false
        var hasMerges = false

        /// Fills the lists and returns the JSON without them.
        mutating func read(_ scanner: inout JSONScanner) throws(TokenizingError) -> [UInt8] {
            var members: [[UInt8]] = []
            try scanner.object { scanner, key throws(TokenizingError) in
                if key.elementsEqual("model".utf8) {
                    members.append(member(key, try model(&scanner)))
                } else {
                    members.append(member(key, try scanner.value()))
                }
            }
            return object(members)
        }

        private mutating func model(_ scanner: inout JSONScanner) throws(TokenizingError) -> [UInt8] {
            var members: [[UInt8]] = []
            try scanner.object { scanner, key throws(TokenizingError) in
                if key.elementsEqual("vocab".utf8) {
                    hasVocabulary = true
                    try scanner.object { scanner, token throws(TokenizingError) in
                        let id = try scanner.integer()
                        let spelling = ByteAlphabet.bytes(of: token)
                        if let spelling { vocabulary[spelling] = id }
                        spellings[id] = spelling ?? token
                    }
                } else if key.elementsEqual("merges".utf8) {
                    hasMerges = true
                    try scanner.array { scanner throws(TokenizingError) in merges.append(try merge(&scanner)) }
                } else {
                    members.append(member(key, try scanner.value()))
                }
            }
            return object(members)
        }

        /// `["a", "b"]` in newer files, `"a b"` in older ones.
        private func merge(_ scanner: inout JSONScanner) throws(TokenizingError) -> ([UInt8], [UInt8]) {
            var parts: [[UInt8]] = []
            if scanner.isNext(UInt8(ascii: "[")) {
                try scanner.array { scanner throws(TokenizingError) in parts.append(try scanner.string()) }
            } else {
                parts = try scanner.string().split(separator: 0x20, omittingEmptySubsequences: false).map(Array.init)
            }
            guard parts.count == 2 else { throw scanner.failure("a merge of \(parts.count) parts") }
            guard let left = ByteAlphabet.bytes(of: parts[0]), let right = ByteAlphabet.bytes(of: parts[1]) else {
                throw scanner.failure("a merge outside the byte-level alphabet")
            }
            return (left, right)
        }

        private func member(_ key: [UInt8], _ value: some Sequence<UInt8>) -> [UInt8] { Array("\"".utf8) + key + Array("\":".utf8) + Array(value) }
        private func object(_ members: [[UInt8]]) -> [UInt8] { Array("{".utf8) + Array(members.joined(separator: Array(",".utf8))) + Array("}".utf8) }
    }
}

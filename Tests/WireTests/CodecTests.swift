import Domain
import Testing
import Wire

@Suite struct CodecTests {
    private let described: DescribedMessages

    init() throws { described = try DescribedMessages(files: DescriptorIndex.contract.files) }

    @Test("every message of the contract is read and written back, byte by byte, with every field set", arguments: AllMessages.types.map { $0.name })
    func everyField(name: String) throws {
        let type = try #require(AllMessages.types.first { $0.name == name })
        for bytes in described.encodings(of: name) { try checkRoundTrip(bytes, type) }
    }

    private func checkRoundTrip<M: WireMessage>(_ bytes: [UInt8], _ type: M.Type) throws {
        let message = try M(packed: bytes)
        #expect(try message.packed() == bytes)
        #expect(try M(packed: message.packed()) == message)
    }

    @Test("a type exists for every message of the descriptors")
    func complete() {
        // Entries of maps are dictionaries; the older reflection package has the types of the newer one.
        let described = described.fields.keys.filter { !$0.hasSuffix("Entry") && !$0.contains("v1alpha") }
        #expect(Set(described) == Set(AllMessages.types.map { $0.name }))
    }

    @Test("a message without any field set is read and written back")
    func nothingSet() throws {
        for message in Samples.sparse { try checkRoundTrip(message) }
    }

    private func checkRoundTrip<M: WireMessage>(_ message: M) throws {
        #expect(try M(packed: message.packed()) == message)
    }

    @Test("a cut message is refused or read, and never worse", arguments: AllMessages.types.map { $0.name })
    func truncation(name: String) throws {
        let type = try #require(AllMessages.types.first { $0.name == name })
        for bytes in described.encodings(of: name) {
            for count in bytes.indices { decode(Array(bytes[..<count]), as: type) }
        }
    }

    @Test("a message with any bit turned is refused or read, and never worse", arguments: AllMessages.types.map { $0.name })
    func bitFlips(name: String) throws {
        let type = try #require(AllMessages.types.first { $0.name == name })
        for bytes in described.encodings(of: name) {
            for bit in 0..<bytes.count * 8 {
                var flipped = bytes
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                decode(flipped, as: type)
            }
        }
    }

    /// Anything but a value or a ``WireError`` is a failure.
    private func decode<M: WireMessage>(_ bytes: [UInt8], as type: M.Type) {
        for unknownFields in [UnknownFields.refused, .skipped] {
            do { _ = try M(packed: bytes, unknownFields: unknownFields) } catch { #expect(error is WireError) }
        }
    }

    @Test("a field that this build does not know is refused by message and number, at every depth; a response's is skipped")
    func unknownFields() throws {
        let unknown: [UInt8] = [0xa0, 0x06, 0x01]  // field 100, the number 1
        let grid = try Samples.grid.packed() + unknown
        #expect(throws: WireError(.unknownField, "glm.v1.CodeGrid: field 100 is not known to this build")) { try CodeGrid(packed: grid) }
        #expect(try CodeGrid(packed: grid, unknownFields: .skipped) == Samples.grid)

        // Field 3 of the request: sources.
        let nested = try TokenRequest(prompt: "p", parameters: Samples.parameters).packed() + [0x1a, UInt8(grid.count)] + grid
        #expect(throws: WireError(.unknownField, "glm.v1.CodeGrid: field 100 is not known to this build")) { try TokenRequest(packed: nested) }
        #expect(try TokenRequest(packed: nested, unknownFields: .skipped).sources == [Samples.grid])
    }

    @Test("a NUL inside a string is refused on both ways, by field")
    func nul() throws {
        #expect(throws: WireError(.invalidText, "prompt has a NUL inside")) {
            try TokenRequest(prompt: "a\0b", parameters: Samples.parameters).packed()
        }
        #expect(throws: WireError(.invalidText, "glm.v1.GenerateTokensRequest: prompt has a NUL inside")) {
            try TokenRequest(packed: [0x0a, 3, 0x61, 0, 0x62])
        }
    }

    @Test("a string that is not UTF-8 is refused by field")
    func invalidUTF8() throws {
        #expect(throws: WireError(.invalidText, "prompt is not UTF-8")) { try TokenRequest(packed: [0x0a, 2, 0xc3, 0x28]) }
    }

    @Test("a number that its field cannot hold is refused by field, with its range")
    func range() throws {
        #expect(throws: WireError(.outOfRange, "height is -1; the field holds 0 … 4294967295")) {
            try GridSize(height: -1, width: 0).packed()
        }
        #expect(throws: WireError(.outOfRange, "format is 7; 1 is PNG, 2 is JPEG, 3 is WEBP")) { try RenderedImage(packed: [0x10, 7]) }
    }

    @Test("an event with nothing in it, and a message without a part it needs, are malformed")
    func missingParts() throws {
        #expect(throws: WireError.self) { try GenerateTokensEvent(packed: []) }
        #expect(throws: WireError(.malformed, "grid is missing")) { try EncodeResponse(packed: []) }
        #expect(throws: WireError(.malformed, "parameters is missing")) { try TokenRequest(packed: [0x0a, 1, 0x70]) }
        #expect(throws: WireError(.invalidText, "jobs[1].progress.stage is not UTF-8")) {
            try JobList(packed: [0x0a, 0, 0x0a, 5, 0x4a, 3, 0x0a, 1, 0xff])
        }
    }

    @Test("a request outside the limits is refused as it is read; what is wrong with a part of it is named by its path")
    func limits() throws {
        var parameters = ImageOptions(height: 100, width: 64, seed: 1)
        let request = { try [0x0a, 1, 0x70, 0x12] + [UInt8(parameters.packed().count)] + parameters.packed() }
        #expect(throws: WireError(.invalidRequest, "height 100 is not a multiple of 32 pixels")) { try TokenRequest(packed: request()) }
        parameters.height = nil
        #expect(throws: WireError(.invalidRequest, "height is not set")) { try TokenRequest(packed: request()) }
        parameters.height = 64
        let grid: [UInt8] = [0x08, 1, 0x10, 2, 0x1a, 1, 9]
        #expect(throws: WireError(.invalidRequest, "sources[0].codes has 1 elements for height 1, width 2")) {
            try TokenRequest(packed: request() + [0x1a, UInt8(grid.count)] + grid)
        }
        #expect(throws: WireError(.invalidRequest, "prompt is empty; write what the picture shows")) {
            try TokenRequest(packed: Array(request().dropFirst(3)))
        }
    }

    @Test("many empty elements are refused before memory is spent on them")
    func manyElements() throws {
        let bytes = (0..<70_000).flatMap { _ in [0x1a, 0] as [UInt8] }
        #expect(throws: WireError(.tooManyFields, "glm.v1.GenerateTokensRequest: more than 65536 fields")) {
            try TokenRequest(packed: bytes)
        }
    }

    @Test("a list of more numbers than a message may hold is refused before memory is spent on them")
    func manyNumbers() throws {
        func grid(_ count: Int) -> [UInt8] { [0x08, 1, 0x10, 1, 0x1a] + Self.varint(count) + [UInt8](repeating: 1, count: count) }
        let many = WireError(.tooManyFields, "glm.v1.CodeGrid: codes has 270000 numbers; a message holds at most 262144")
        #expect(throws: many) { try CodeGrid(packed: grid(270_000)) }
        // Those of all grids of a message count together.
        let source = [0x1a] + Self.varint(grid(140_000).count) + grid(140_000)
        #expect(throws: WireError(.tooManyFields, "glm.v1.CodeGrid: codes has 140000 numbers; a message holds at most 262144")) {
            try TokenRequest(packed: source + source)
        }
        // The largest image's fit.
        #expect(try CodeGrid(packed: [0x08, 64, 0x10, 64, 0x1a] + Self.varint(4096) + [UInt8](repeating: 1, count: 4096)).codes.count == 4096)
    }

    private static func varint(_ value: Int) -> [UInt8] { value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f) | 0x80] + varint(value >> 7) }

    @Test("a question's part outside its limits is refused as it is read, by its path; so is a number without a name")
    func questions() throws {
        let message: [UInt8] = [0x0a, 6, 0x08, 1, 0x12, 2, 0x12, 0]
        #expect(throws: WireError(.invalidRequest, "messages[0].role is assistant before any user has asked")) {
            try Conversation(packed: [0x0a, 9, 0x08, 3, 0x12, 5, 0x0a, 3] + Array("yes".utf8))
        }
        #expect(throws: WireError(.outOfRange, "messages[0].role is 0; 1 is USER, 2 is SYSTEM, 3 is ASSISTANT")) {
            try AnswerQuestionRequest(packed: [0x0a, 0])
        }
        #expect(throws: WireError(.outOfRange, "thinking is 9; 0 is AUTOMATIC, 1 is ON, 2 is OFF")) { try AnswerQuestionRequest(packed: [0x70, 9]) }
        #expect(throws: WireError(.invalidRequest, "pictures has 0 elements for 1 images of the messages")) {
            try AnswerRequest(packed: [0x0a, 8] + message + [0x1a, 2, 0x10, 1])
        }
        #expect(throws: WireError(.invalidRequest, "seed is not set")) { try AnswerRequest(packed: [0x0a, 8] + message + [0x1a, 0]) }
        #expect(throws: WireError(.invalidRequest, "pictures[0].rows have 3 bytes for 1 × 1 cells of 1 elements in bf16")) {
            try AnswerRequest(packed: [0x0a, 8] + message + [0x12, 15, 0x0a, 4, 0x08, 1, 0x10, 1, 0x10, 1, 0x18, 2, 0x22, 3, 1, 2, 3])
        }
    }

    @Test("a picture without a format is PNG")
    func formatDefault() throws {
        #expect(try RenderedImage(packed: []).format == .png)
    }
}

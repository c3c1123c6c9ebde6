import Testing
import Wire

@Suite struct CodecTests {
    private let described: DescribedMessages

    init() throws { described = try DescribedMessages(files: DescriptorIndex.contract.files) }

    @Test("every message of the contract is read and written back, byte by byte, with every field set", arguments: AllMessages.types.map(\.name))
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
        #expect(Set(described) == Set(AllMessages.types.map(\.name)))
    }

    @Test("a message without any field set is read and written back")
    func nothingSet() throws {
        for message in Samples.sparse { try checkRoundTrip(try message.packed(), Swift.type(of: message)) }
    }

    @Test("a cut message is refused or read, and never worse", arguments: AllMessages.types.map(\.name))
    func truncation(name: String) throws {
        let type = try #require(AllMessages.types.first { $0.name == name })
        for bytes in described.encodings(of: name) {
            for count in bytes.indices { decode(Array(bytes[..<count]), as: type) }
        }
    }

    @Test("a message with any bit turned is refused or read, and never worse", arguments: AllMessages.types.map(\.name))
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

        let nested = [0x22, UInt8(grid.count)] + grid  // field 4 of the request: sources
        #expect(throws: WireError(.unknownField, "glm.v1.CodeGrid: field 100 is not known to this build")) {
            try GenerateTokensRequest(packed: nested)
        }
        #expect(try GenerateTokensRequest(packed: nested, unknownFields: .skipped).sources == [Samples.grid])
    }

    @Test("a NUL inside a string is refused on both ways, by field")
    func nul() throws {
        #expect(throws: WireError(.invalidText, "prompt has a NUL inside")) {
            try GenerateTokensRequest(prompt: "a\0b", height: 32, width: 32, seed: 0).packed()
        }
        #expect(throws: WireError(.invalidText, "glm.v1.GenerateTokensRequest: prompt has a NUL inside")) {
            try GenerateTokensRequest(packed: [0x0a, 3, 0x61, 0, 0x62])
        }
    }

    @Test("a string that is not UTF-8 is refused by field")
    func invalidUTF8() throws {
        #expect(throws: WireError(.invalidText, "prompt is not UTF-8")) { try GenerateTokensRequest(packed: [0x0a, 2, 0xc3, 0x28]) }
    }

    @Test("a number that its field cannot hold is refused by field, with its range")
    func range() throws {
        #expect(throws: WireError(.outOfRange, "height is -1; the field holds 0 … 4294967295")) {
            try GridSize(height: -1, width: 0).packed()
        }
        #expect(throws: WireError(.outOfRange, "format is 7; 1 is PNG, 2 is JPEG")) { try RenderedImage(packed: [0x10, 7]) }
    }

    @Test("an event with nothing in it, and a message without a part it needs, are malformed")
    func missingParts() throws {
        #expect(throws: WireError.self) { try GenerateTokensEvent(packed: []) }
        #expect(throws: WireError(.malformed, "grid is missing")) { try EncodeResponse(packed: []) }
        #expect(throws: WireError(.malformed, "sources[1].codes is missing")) {
            try RenderRequest(packed: [0x22, 0, 0x2a, 2, 0x12, 0, 0x2a, 0])
        }
    }

    @Test("many empty elements are refused before memory is spent on them")
    func manyElements() throws {
        let bytes = (0..<70_000).flatMap { _ in [0x22, 0] as [UInt8] }
        #expect(throws: WireError(.tooManyFields, "glm.v1.GenerateTokensRequest: more than 65536 fields")) {
            try GenerateTokensRequest(packed: bytes)
        }
    }

    @Test("a picture without a format is PNG")
    func formatDefault() throws {
        #expect(try RenderedImage(packed: []).format == .png)
    }
}

import Domain
import Testing
import Wire

extension FuzzTests {
    @Test("bytes are a message that is written and read back the same, or are refused") func wire() async throws {
        let parameters = try ImageParameters(ImageOptions(height: 64, width: 96, seed: 7, sampling: Sampling(temperature: 1, topP: 0.5, topK: 3)))
        let grid = CodeGrid(GridSize(height: 2, width: 3), codes: [0, 1, 16383, 7, -1, .max])
        let source = try SourceImage(image: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], codes: grid)
        let messages: [any WireMessage] = [
            parameters, grid, try TokenRequest(prompt: "p “圆”", parameters: parameters, sources: [grid, grid]),
            try RenderRequest(prompt: "p", parameters: parameters, target: grid, sources: [source]),
            GeneratedTokens(preview: grid, target: grid, timings: [Timing()]), FleetStatus(gateway: StageDescription(), problems: ["a"]),
            TokenLayout(preview: GridSize(height: 1, width: 1), target: GridSize(height: 2, width: 3)), JobList(), StageDescription(),
        ]
        var fuzzer = try Fuzzer("wire", corpus: try messages.map { try $0.packed() }, words: ["\n", "\u{12}", "\u{1A}", "\u{0}", "\u{8}"])
        try await fuzzer.run { bytes in
            for type in AllMessages.types { for unknown in [UnknownFields.refused, .skipped] { try check(bytes, type, unknown) } }
        }
    }

    private func check<M: WireMessage>(_ bytes: [UInt8], _ type: M.Type, _ unknown: UnknownFields) throws {
        guard let message = try? M(packed: bytes, unknownFields: unknown) else { return }
        // What was read fits its fields, so it can be written. Compared as bytes: a NaN is not equal to itself.
        let packed: [UInt8]
        let again: [UInt8]
        do {
            packed = try message.packed()
            again = try M(packed: packed).packed()
        } catch {
            throw Finding("\(M.name) was read, but: \(error)")
        }
        guard packed == again else { throw Finding("\(M.name) changes when it is written and read") }
    }
}

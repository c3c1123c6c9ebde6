import Domain
import Foundation
import Testing
import Wire

/// Clients of earlier versions go on working, without being generated anew and with their source unchanged.
@Suite struct ContractTests {
    private static let released: [String] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Contract-0.1.txt")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
    }()

    @Test("every message, field, number, type, value and method of version 0.1 is there, in the file that a client imports it from")
    func nothingRemoved() throws {
        #expect(!Self.released.isEmpty)
        let today = try ContractLines(files: DescriptorIndex.contract.files).all
        for line in Self.released where !today.contains(line) { Issue.record("clients of 0.1 rely on what is gone or changed: \(line)") }
    }

    private let parameters = ImageOptions(
        height: 64, width: 96, steps: 3, guidanceScale: 2.5, seed: .max, format: .jpeg, jpegQuality: 75,
        sampling: Sampling(greedy: true, temperature: 0.5, topP: 0.75, topK: 9))

    @Test("a request that a client of 0.1 wrote, with every field set, is read, and written the same")
    func recordedRequest() throws {
        let bytes = Self.bytes(
            "0a0c612072656420636972636c65120489504e471202ffd8184020602803350000204038ffffffffffffffffff014002484b520e0801150000003f1d0000403f2009")
        let request = GenerateImageRequest(prompt: "a red circle", images: [[0x89, 0x50, 0x4e, 0x47], [0xff, 0xd8]], parameters: parameters)
        #expect(try GenerateImageRequest(packed: bytes) == request)
        #expect(try request.packed() == bytes)
    }

    @Test("answers that a gateway of 0.1 wrote are read; the JPEG quality, which they do not tell, is the default")
    func recordedAnswers() throws {
        let accepted = try Accepted(
            packed: Self.bytes(
                "0a0272311040186020032d0000204030ffffffffffffffffff013802420e0801150000003f1d0000403f2009480252016d5a026630"))
        var parameters = self.parameters
        parameters.jpegQuality = nil
        #expect(
            try accepted
                == Accepted(requestID: "r1", parameters: ImageParameters(parameters), sources: 2, modelName: "m", modelFingerprint: "f0"))

        let image = try GeneratedImage(
            packed: Self.bytes(
                "0a0489504e471002184020602803350000204038ffffffffffffffffff01420266304a0162521a0a04746578741201301a066465636f646521000000000000d03f"))
        parameters.sampling = nil
        #expect(
            try image
                == GeneratedImage(
                    image: [0x89, 0x50, 0x4e, 0x47], parameters: ImageParameters(parameters), modelFingerprint: "f0", build: "b",
                    timings: [StageTiming(stage: "text", instance: "0", phase: "decode", seconds: 0.25)]))
    }

    @Test("an answer without its parameters is refused, by the first that is missing")
    func incompleteAnswer() {
        #expect(throws: WireError(.invalidRequest, "height 0 is outside 32 through 4096 pixels")) { try Accepted(packed: []) }
    }

    /// Of text in hexadecimal.
    private static func bytes(_ hexadecimal: String) -> [UInt8] {
        let digits = hexadecimal.compactMap(\.hexDigitValue).map { UInt8($0) }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

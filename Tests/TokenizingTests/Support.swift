import Foundation
import Testing
import Tokenizing

let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")

private struct CaseFile<Case: Decodable>: Decodable { let cases: [Case] }

/// The cases of `Fixtures/text/<name>.json`.
func cases<Case: Decodable>(_ name: String, _ type: Case.Type) throws -> [Case] {
    try JSONDecoder().decode(CaseFile<Case>.self, from: Data(contentsOf: fixtures.appending(path: "text/\(name).json"))).cases
}

/// A copy of a fixture's processor folder, changed and opened; removed afterwards.
func withProcessor(_ change: (URL) throws -> Void, _ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "glm-processor-\(UUID().uuidString)", directoryHint: .isDirectory)
    try FileManager.default.copyItem(at: fixtures.appending(path: "tiny-f32/processor"), to: folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    try change(folder)
    try body(folder)
}

/// tokenizer.json of that copy with one change.
func withTokenizer(_ change: (inout [String: Any]) throws -> Void, _ body: (URL) throws -> Void) throws {
    try withProcessor(
        { folder in
            let url = folder.appending(path: "tokenizer.json")
            var file = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
            try change(&file)
            try JSONSerialization.data(withJSONObject: file).write(to: url)
        }, body)
}

/// The error of a body that must fail with this code.
@discardableResult
func failure(_ code: TokenizingError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) -> String {
    do {
        try body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        return ""
    } catch let error as TokenizingError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        return error.message
    } catch {
        Issue.record("\(error)", sourceLocation: sourceLocation)
        return ""
    }
}

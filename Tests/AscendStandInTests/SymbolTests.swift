import CAscend
import Foundation
import Testing

/// The symbols that the loader resolves, against CANN's prototypes as they were seen (Tests/Fixtures/cann).
struct SymbolTests {
    /// A function as one of the two sides declares it: parameter types without names.
    struct Prototype: Equatable {
        var types: [String]

        /// - Parameter parameters: `(const aclTensor* self, int8_t cubeMathType)`, with or without names and blanks around stars.
        init(_ parameters: Substring) {
            let inner = parameters.dropFirst().dropLast()
            types = inner == "void" || inner.isEmpty ? [] : inner.split(separator: ",").map { Prototype.type(of: $0) }
        }

        /// The type with one blank between words and none before stars. A name follows the type, so it is the last word of at least two, or what follows the last star;
        /// `const` by value doesn't count.
        private static func type(of parameter: Substring) -> String {
            var words = parameter.replacing("*", with: " * ").split(separator: " ").map(String.init)
            let constant: Set = ["const", "unsigned", "struct", "enum"]
            if words.last != "*", words.count(where: { !constant.contains($0) && $0 != "*" }) > 1 { words.removeLast() }
            if !words.contains("*"), words.first == "const" { words.removeFirst() }
            return words.joined(separator: " ").replacing(" *", with: "*")
        }
    }

    struct Listed {
        let library: String, sources: String, result: String, prototype: Prototype
    }

    static let listed: [String: Listed] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/cann/prototypes.txt")
        let lines = try! String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
        return Dictionary(
            uniqueKeysWithValues: lines.map { line in
                let columns = line.split(separator: " ", maxSplits: 3), declaration = columns[3], parenthesis = declaration.firstIndex(of: "(")!
                let head = declaration[..<parenthesis].split(separator: " ")
                return (
                    String(head.last!),
                    Listed(
                        library: String(columns[0]), sources: String(columns[1]), result: head.dropLast().joined(separator: " "),
                        prototype: Prototype(declaration[parenthesis...]))
                )
            })
    }()

    static var resolved: [ca_symbol] { (0..<ca_symbol_count()).map { ca_symbol_at($0)!.pointee } }

    @Test("every symbol that the loader resolves is CANN's, with as many arguments of the same types")
    func prototypes() throws {
        let phase2 = try #require(Self.listed["aclnn*"]).prototype
        #expect(Self.resolved.count > 80)
        for symbol in Self.resolved {
            let name = String(cString: symbol.name), declared = Prototype(String(cString: symbol.prototype).expanded[...])
            if let listed = Self.listed[name] {
                #expect(declared == listed.prototype, "\(name)")
            } else {
                #expect(Self.listed[name + "GetWorkspaceSize"] != nil, "\(name) is in no list")
                #expect(declared == phase2, "\(name)")
            }
        }
    }

    @Test("what is required has been in CANN since 8.1")
    func required() {
        for symbol in Self.resolved where symbol.required {
            let name = String(cString: symbol.name), listed = Self.listed[name] ?? Self.listed[name + "GetWorkspaceSize"]
            #expect(listed?.sources.hasPrefix("H") == true, "\(name) is required, but not in 8.1's headers")
        }
    }
}

extension String {
    /// The header's own abbreviation, spelt out.
    fileprivate var expanded: String { replacing("CA_WS", with: "uint64_t *workspaceSize, aclOpExecutor **executor") }
}

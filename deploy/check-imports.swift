// Compares the dependencies that Package.swift declares for each target with what its files import: what is declared and never
// imported, or imported and not declared, is printed and ends with exit 1. Run by deploy/lint.sh:
//
//   swift package dump-package | swift deploy/check-imports.swift

import Foundation

struct Package: Decodable {
    struct Target: Decodable {
        let name: String
        let path: String?
        let type: String
        let dependencies: [[String: [Name]]]

        var folder: String { path ?? (type == "test" ? "Tests/\(name)" : "Sources/\(name)") }
        /// A target's or product's name is the first string of its description.
        var declared: Set<String> { Set(dependencies.compactMap { $0.values.first?.first?.text }) }
    }

    /// One value of a dependency's description: a string, null, or something else.
    struct Name: Decodable {
        let text: String?
        init(from decoder: any Decoder) throws { text = try? decoder.singleValueContainer().decode(String.self) }
    }

    let targets: [Target]
}

/// The system's modules, which need no declaration.
let system: Set<String> = [
    "Foundation", "FoundationNetworking", "Glibc", "Dispatch", "Synchronization", "Testing", "Swift", "RegexBuilder", "PackageDescription",
]

/// Modules that a folder's Swift files import, or whose headers its C files include.
func imports(in folder: String) -> (modules: Set<String>, isSwift: Bool) {
    var modules: Set<String> = []
    var isSwift = false
    let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    for file in files where ["swift", "c", "h"].contains((file as NSString).pathExtension) {
        isSwift = isSwift || file.hasSuffix(".swift")
        let text = (try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)) ?? ""
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if let index = words.firstIndex(of: "import"),
                words[..<index].allSatisfy({ $0.hasPrefix("@") || $0.hasSuffix("public") || $0 == "package" || $0 == "internal" }),
                words.count > index + 1
            {
                modules.insert(String(words[words.count - 1].split(separator: ".")[0]))
            } else if words.count == 2, words[0] == "#include", words[1].hasPrefix("\"C") {
                modules.insert(String(words[1].dropFirst().dropLast(3)))
            }
        }
    }
    return (modules, isSwift)
}

guard let package = try? JSONDecoder().decode(Package.self, from: FileHandle.standardInput.readDataToEndOfFile()) else {
    print("Package.swift: no valid manifest; see what `swift package dump-package` says")
    exit(1)
}
var isWrong = false
for target in package.targets {
    let found = imports(in: target.folder), used = found.modules.subtracting(system).subtracting([target.name])
    for name in target.declared.subtracting(used).sorted() {
        print("Package.swift: \(target.name) depends on \(name) and never imports it")
        isWrong = true
    }
    guard found.isSwift else { continue }
    for name in used.subtracting(target.declared).sorted() {
        print("Package.swift: \(target.name) imports \(name), which is not among its dependencies")
        isWrong = true
    }
}
exit(isWrong ? 1 : 0)

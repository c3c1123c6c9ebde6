import Foundation

/// Takes out of a text what is not for others: paths, and given names where they stand as words.
package struct Redaction {
    private let names: [String]

    /// - Parameter names: of hosts and folders.
    package init(_ names: [String]) { self.names = names.filter { !$0.isEmpty }.sorted { $0.count > $1.count } }

    /// Folders, and this host's name with and without its domain.
    static func ofThisHost(and folders: [String]) -> Redaction {
        var name = [CChar](repeating: 0, count: 256)
        // The last byte stays: a longer name is cut, not ended.
        guard gethostname(&name, name.count - 1) == 0 else { return Redaction(folders) }
        let host = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return Redaction(folders + [host, String(host.prefix { $0 != "." })])
    }

    package func callAsFunction(_ text: String) -> String {
        names.reduce(text, replaced).split(separator: " ", omittingEmptySubsequences: false)
            .map { $0.contains("/") ? "(path)" : String($0) }.joined(separator: " ")
    }

    private func replaced(_ text: String, _ name: String) -> String {
        var result = ""
        var rest = text[...]
        while let range = rest.range(of: name) {
            let neighbours = [rest[..<range.lowerBound].last ?? result.last, rest[range.upperBound...].first]
            let isWord = !neighbours.contains { $0?.isLetter == true || $0?.isNumber == true }
            result += rest[..<range.lowerBound] + (isWord ? "(private)" : name)
            rest = rest[range.upperBound...]
        }
        return result + rest
    }
}

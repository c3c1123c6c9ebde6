/// The contract as text: a line for each thing that a client can rely on, with the file that the client imports it from.
struct ContractLines {
    private struct File {
        /// Without the file's name.
        var messages: [String] = []
        var methods: [String] = []
        var publicImports: [String] = []
    }

    private var files: [String: File] = [:]

    init(files: [[UInt8]]) throws {
        for file in files {
            let file = try RawMessage(file)
            let scope = file.text(2), imports = file.texts(3)
            var messages: [String] = [], methods: [String] = []
            for message in try file.messages(4) { messages += try Self.lines(message: message, within: scope) }
            for enumeration in try file.messages(5) { messages += try Self.lines(enumeration: enumeration, within: scope) }
            for service in try file.messages(6) { methods += try Self.lines(service: service, within: scope) }
            self.files[file.text(1)] = File(messages: messages, methods: methods, publicImports: file.numbers(10).map { imports[Int($0)] })
        }
    }

    /// What a file publicly imports counts as its own, except methods: generated stubs of services are only where the service is.
    var all: Set<String> {
        Set(files.keys.flatMap { name in (messages(of: name) + (files[name]?.methods ?? [])).map { "\(name) \($0)" } })
    }

    private func messages(of name: String) -> [String] {
        guard let file = files[name] else { return [] }
        return file.messages + file.publicImports.flatMap { messages(of: $0) }
    }

    /// `FieldDescriptorProto.Type` of fields that are neither messages nor enumerations.
    private static let types: [UInt64: String] = [
        1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 8: "bool", 9: "string", 12: "bytes", 13: "uint32",
    ]

    private static func lines(message: RawMessage, within scope: String) throws -> [String] {
        let name = "\(scope).\(message.text(1))"
        let oneofs = try message.messages(8).map { $0.text(1) }
        var lines = [name]
        for field in try message.messages(2) {
            let type = types[field.number(5) ?? 0] ?? String(field.text(6).dropFirst())
            let oneof = field.number(9).map { " in \(oneofs[Int($0)])" } ?? ""
            let label = field.number(4) == 3 ? "repeated " : ""
            lines.append("\(name).\(field.text(1)) = \(field.number(3) ?? 0) \(label)\(type)\(oneof)")
        }
        for nested in try message.messages(3) { lines += try Self.lines(message: nested, within: name) }
        for enumeration in try message.messages(4) { lines += try Self.lines(enumeration: enumeration, within: name) }
        return lines
    }

    private static func lines(enumeration: RawMessage, within scope: String) throws -> [String] {
        let name = "\(scope).\(enumeration.text(1))"
        return try [name] + enumeration.messages(2).map { "\(name).\($0.text(1)) = \($0.number(2) ?? 0)" }
    }

    private static func lines(service: RawMessage, within scope: String) throws -> [String] {
        try service.messages(2).map { method in
            let input = side(method, type: 2, streams: 5), output = side(method, type: 3, streams: 6)
            return "\(scope).\(service.text(1)).\(method.text(1))(\(input)) returns (\(output))"
        }
    }

    private static func side(_ method: RawMessage, type: UInt32, streams: UInt32) -> String {
        "\(method.number(streams) == 1 ? "stream " : "")\(method.text(type).dropFirst())"
    }
}

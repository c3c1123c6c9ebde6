import CWire

/// The files of the contract as reflection hands them out, by name and by what they declare.
package struct DescriptorIndex: Sendable {
    private struct File: Sendable {
        var encoded: [UInt8]
        var imports: [String]
    }

    private var filesByName: [String: File] = [:]
    private var declaringFile: [String: String] = [:]

    /// The files that this build was generated from.
    package static let contract: DescriptorIndex = {
        let set = UnsafeRawBufferPointer(start: glm_wire_descriptor_set_start(), count: glm_wire_descriptor_set_size)
        do { return try DescriptorIndex(set: set) } catch { preconditionFailure("the embedded descriptors: \(error)") }
    }()

    /// Reads an encoded `FileDescriptorSet`; of `descriptor.proto` only names, imports and nesting are looked at.
    init(set: UnsafeRawBufferPointer) throws(WireError) {
        for file in try Self.contents(of: set, field: 1) { try add(file) }
    }

    /// The file and all it imports, itself first; nil for an unknown name.
    package func filesWithImports(of name: String) -> [[UInt8]]? {
        guard filesByName[name] != nil else { return nil }
        var order = [name]
        var index = 0
        while index < order.count {
            for dependency in filesByName[order[index]]?.imports ?? [] where !order.contains(dependency) { order.append(dependency) }
            index += 1
        }
        return order.compactMap { filesByName[$0]?.encoded }
    }

    /// All files, encoded.
    package var files: [[UInt8]] { filesByName.values.map(\.encoded) }

    /// The file that declares a message, enumeration, service or method, by its full name.
    package func file(declaring symbol: String) -> String? { declaringFile[symbol] }

    /// FileDescriptorProto: 1 name, 2 package, 3 dependency, 4 message_type, 5 enum_type, 6 service.
    private mutating func add(_ file: UnsafeRawBufferPointer) throws(WireError) {
        let name = try Self.text(of: file, field: 1)
        let package = try Self.text(of: file, field: 2)
        filesByName[name] = File(encoded: [UInt8](file), imports: try Self.contents(of: file, field: 3).map { String(decoding: $0, as: UTF8.self) })
        for message in try Self.contents(of: file, field: 4) { try declare(message: message, within: package, file: name) }
        for enumeration in try Self.contents(of: file, field: 5) { declaringFile[package + "." + (try Self.text(of: enumeration, field: 1))] = name }
        for service in try Self.contents(of: file, field: 6) {
            let serviceName = package + "." + (try Self.text(of: service, field: 1))
            declaringFile[serviceName] = name
            for method in try Self.contents(of: service, field: 2) { declaringFile[serviceName + "." + (try Self.text(of: method, field: 1))] = name }
        }
    }

    /// DescriptorProto: 1 name, 3 nested_type, 4 enum_type.
    private mutating func declare(message: UnsafeRawBufferPointer, within scope: String, file: String) throws(WireError) {
        let fullName = scope + "." + (try Self.text(of: message, field: 1))
        declaringFile[fullName] = file
        for nested in try Self.contents(of: message, field: 3) { try declare(message: nested, within: fullName, file: file) }
        for enumeration in try Self.contents(of: message, field: 4) {
            declaringFile[fullName + "." + (try Self.text(of: enumeration, field: 1))] = file
        }
    }

    private static func contents(of message: UnsafeRawBufferPointer, field number: UInt32) throws(WireError) -> [UnsafeRawBufferPointer] {
        var contents: [UnsafeRawBufferPointer] = []
        var reader = FieldReader(message)
        while let field = try reader.next() {
            if field.number == number, field.wireType == FieldReader.lengthDelimited { contents.append(field.content) }
        }
        return contents
    }

    private static func text(of message: UnsafeRawBufferPointer, field: UInt32) throws(WireError) -> String {
        String(decoding: try contents(of: message, field: field).last ?? UnsafeRawBufferPointer(start: nil, count: 0), as: UTF8.self)
    }
}

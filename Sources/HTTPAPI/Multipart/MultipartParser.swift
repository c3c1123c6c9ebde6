import Domain
import Glibc

/// Reads a body of multipart/form-data (RFC 7578) as it arrives, and holds no more of it than one part and one header block.
///
/// Lines end in CRLF. What precedes the first delimiter and what follows the last is skipped. A parser that has failed fails again with
/// whatever comes after.
package struct MultipartParser: Sendable {
    /// What a body may have at most.
    package struct Limits: Sendable {
        package var parts: Int
        /// Of the headers of one part, and of what precedes the first delimiter.
        package var headerBytes: Int
        /// Of a part without a filename.
        package var fieldBytes: Int
        /// Of a part with one.
        package var fileBytes: Int
        /// Of the body, with all that is skipped.
        package var totalBytes: Int

        package init(
            parts: Int = 64, headerBytes: Int = 8 << 10, fieldBytes: Int = 1 << 20, fileBytes: Int = 64 << 20, totalBytes: Int = 128 << 20
        ) {
            self.parts = parts
            self.headerBytes = headerBytes
            self.fieldBytes = fieldBytes
            self.fileBytes = fileBytes
            self.totalBytes = totalBytes
        }
    }

    package struct Part: Sendable, Hashable {
        package var name: String
        /// It came with a filename, which is not kept.
        package var isFile: Bool
        package var bytes: [UInt8]

        package init(name: String, isFile: Bool, bytes: [UInt8]) {
            self.name = name
            self.isFile = isFile
            self.bytes = bytes
        }
    }

    package struct Failure: Error, Sendable, Hashable {
        package enum Kind: Sendable, Hashable { case malformed, tooLarge }

        package let kind: Kind
        package let message: String

        package init(kind: Kind, message: String) {
            self.kind = kind
            self.message = message
        }
    }

    private enum State {
        case preamble
        /// The boundary has been read; what makes it a delimiter or the last one has not.
        case boundary
        /// One dash after the boundary.
        case dash
        /// Spaces and tabs after the boundary.
        case padding
        /// The CR after them.
        case lineEnd
        case headers
        case content
        case epilogue
    }

    /// CRLF, two dashes and the boundary. Only its first byte is a CR: a match that fails can begin anew only at the byte that failed it.
    private let delimiter: [UInt8]
    private let limits: Limits
    private var state = State.preamble
    /// Bytes of the delimiter that have been read last. The body begins as if a line had ended before it.
    private var matched = 2
    private var total = 0
    /// Bytes before the first delimiter, without that line's end.
    private var skipped = -2
    private var parts = 0
    private var headers: [UInt8] = []
    private var part = Part(name: "", isFile: false, bytes: [])
    private var failure: Failure?

    /// - Parameter boundary: as ``boundary(contentType:)`` gives it.
    package init(boundary: String, limits: Limits = Limits()) {
        precondition(Self.isBoundary(Array(boundary.utf8)), "not a boundary")
        delimiter = Array("\r\n--\(boundary)".utf8)
        self.limits = limits
    }

    /// Takes the next bytes, cut anywhere.
    /// - Returns: the parts that they complete, in their order.
    package mutating func push(_ bytes: some Collection<UInt8>) throws(Failure) -> [Part] {
        let inPlace = bytes.withContiguousStorageIfAvailable { chunk in Result { () throws(Failure) in try take(chunk) } }
        if let inPlace { return try inPlace.get() }
        return try Array(bytes).withUnsafeBufferPointer { chunk in Result { () throws(Failure) in try take(chunk) } }.get()
    }

    /// - Throws: malformed, if the last delimiter has not been read.
    package mutating func finish() throws(Failure) {
        if let failure { throw failure }
        guard state == .epilogue else { throw malformed("the body ends before its last boundary") }
    }

    private mutating func take(_ chunk: UnsafeBufferPointer<UInt8>) throws(Failure) -> [Part] {
        if let failure { throw failure }
        do throws(Failure) {
            guard chunk.count <= limits.totalBytes - total else { throw tooLarge("the body", limits.totalBytes) }
            total += chunk.count
            return try read(chunk)
        } catch {
            failure = error
            headers = []
            part.bytes = []
            throw error
        }
    }

    private mutating func read(_ chunk: UnsafeBufferPointer<UInt8>) throws(Failure) -> [Part] {
        var complete: [Part] = []
        var index = 0
        while index < chunk.count, state != .epilogue {
            switch state {
            case .preamble, .content:
                index = try scan(chunk, from: index)
                guard matched == delimiter.count else { break }
                if state == .content { complete.append(part) }
                part.bytes = []
                matched = 0
                state = .boundary
            case .headers:
                try readHeaders(chunk[index])
                index += 1
            case .boundary, .dash, .padding, .lineEnd, .epilogue:
                state = try after(chunk[index])
                index += 1
            }
        }
        return complete
    }

    /// Keeps what precedes the next delimiter, or the chunk's end; a part of the delimiter there is held back.
    /// - Returns: the index after what has been read.
    private mutating func scan(_ chunk: UnsafeBufferPointer<UInt8>, from start: Int) throws(Failure) -> Int {
        /// Of the held bytes those that came with an earlier chunk.
        var carried = matched
        var index = start
        while index < chunk.count, matched < delimiter.count {
            if matched == 0 {
                guard let next = memchr(chunk.baseAddress! + index, Int32(Self.cr), chunk.count - index) else {
                    index = chunk.count
                    break
                }
                index = UnsafeRawPointer(next) - UnsafeRawPointer(chunk.baseAddress!)
            }
            if chunk[index] == delimiter[matched] {
                matched += 1
                index += 1
            } else {
                if carried > 0 { try keep(delimiter[..<carried]) }
                carried = 0
                matched = 0
            }
        }
        try keep(UnsafeBufferPointer(rebasing: chunk[start..<index - (matched - carried)]))
        return index
    }

    private mutating func keep(_ bytes: some Collection<UInt8>) throws(Failure) {
        guard state == .content else {
            skipped += bytes.count
            guard skipped <= limits.headerBytes else { throw malformed("the body has no boundary in its first \(limits.headerBytes) bytes") }
            return
        }
        let limit = part.isFile ? limits.fileBytes : limits.fieldBytes
        guard bytes.count <= limit - part.bytes.count else {
            throw tooLarge("the \(part.isFile ? "file" : "field") '\(Self.shown(part.name))'", limit)
        }
        part.bytes += bytes
    }

    /// What follows on a byte after the boundary: two dashes end the body, the line's end begins a part.
    private mutating func after(_ byte: UInt8) throws(Failure) -> State {
        switch (state, byte) {
        case (.boundary, Self.dash): return .dash
        case (.dash, Self.dash): return .epilogue
        case (.boundary, Self.space), (.boundary, Self.tab), (.padding, Self.space), (.padding, Self.tab): return .padding
        case (.boundary, Self.cr), (.padding, Self.cr): return .lineEnd
        case (.lineEnd, Self.lf):
            parts += 1
            guard parts <= limits.parts else { throw tooLarge("the body", limits.parts, of: "parts") }
            return .headers
        default: throw malformed("a boundary is followed by neither CRLF nor two dashes")
        }
    }

    private mutating func readHeaders(_ byte: UInt8) throws(Failure) {
        guard headers.count < limits.headerBytes else { throw tooLarge("the header of part \(parts)", limits.headerBytes) }
        guard (byte == Self.lf) == (headers.last == Self.cr) else { throw malformed("a line in the header of part \(parts) does not end in CRLF") }
        headers.append(byte)
        // Each LF stands after a CR.
        guard byte == Self.lf, headers.count == 2 || headers[headers.count - 3] == Self.lf else { return }
        (part.name, part.isFile) = try described()
        headers = []
        state = .content
    }

    /// What the header says of the part that follows it.
    private func described() throws(Failure) -> (name: String, isFile: Bool) {
        var disposition: HeaderValue?
        for line in headers.split(separator: Self.lf).map({ $0.dropLast() }) where !line.isEmpty {
            let name = line.prefix(while: \.isTokenByte)
            let text = line.dropFirst(name.count)
            guard !name.isEmpty, text.first == UInt8(ascii: ":") else { throw malformed("the header of part \(parts) has a line without a name") }
            let value = HeaderValue(text.dropFirst())
            switch String(decoding: name, as: UTF8.self).lowercased() {
            case "content-disposition":
                guard disposition == nil, let value else { throw malformed("the Content-Disposition of part \(parts) cannot be read") }
                disposition = value
            case "content-transfer-encoding":
                guard let value, ["7bit", "8bit", "binary"].contains(value.text) else {
                    throw malformed(
                        "the Content-Transfer-Encoding of part \(parts) is '\(Self.shown(value?.text ?? ""))'; only 7bit, 8bit and binary are read")
                }
            default: break
            }
        }
        guard let disposition, disposition.text == "form-data" else { throw malformed("part \(parts) has no Content-Disposition of form-data") }
        guard let bytes = disposition.parameters["name"], let name = String(validating: bytes, as: UTF8.self) else {
            throw malformed("part \(parts) has no name in UTF-8")
        }
        return (name, disposition.parameters["filename"] != nil || disposition.parameters["filename*"] != nil)
    }

    private func malformed(_ message: String) -> Failure { Failure(kind: .malformed, message: message) }

    private func tooLarge(_ what: String, _ limit: Int, of unit: String = "bytes") -> Failure {
        Failure(kind: .tooLarge, message: "\(what) has more than \(limit) \(unit)")
    }

    /// A stranger's words in a message.
    private static func shown(_ text: String) -> String { text.prefix(bytes: 100).printable }

    private static let cr = UInt8(ascii: "\r")
    private static let lf = UInt8(ascii: "\n")
    private static let dash = UInt8(ascii: "-")
    private static let space = UInt8(ascii: " ")
    private static let tab = UInt8(ascii: "\t")
}

extension MultipartParser {
    /// The boundary that a Content-Type names, quoted or not.
    /// - Returns: nil: it is not multipart/form-data, or has no boundary as RFC 2046 §5.1.1 wants it.
    package static func boundary(contentType: String) -> String? {
        guard let value = HeaderValue(contentType.utf8), value.text == "multipart/form-data", let boundary = value.parameters["boundary"] else {
            return nil
        }
        return isBoundary(boundary) ? String(decoding: boundary, as: UTF8.self) : nil
    }

    private static func isBoundary(_ bytes: [UInt8]) -> Bool {
        (1...70).contains(bytes.count) && bytes.last != space
            && bytes.allSatisfy { $0.isAlphanumeric || " '()+_,-./:=?".utf8.contains($0) }
    }
}

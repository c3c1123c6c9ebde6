import Checkpoint
import Foundation
import Tensor
import TestSupport
import Testing

@Suite struct SafetensorsFileTests {
    @Test("metadata that is null is none, as the safetensors library reads it; any other word is refused")
    func nullMetadata() throws {
        let file = try open(safetensors(#"{"__metadata__": null ,"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, data: [7]))
        #expect(file.metadata.isEmpty && file.names == ["a"])
        for word in ["nul", "nulls", "true", "[]", ""] { failure(.malformed) { _ = try open(safetensors(#"{"__metadata__":\#(word)}"#, data: [])) } }
    }

    @Test("tensors, types, shapes and metadata are read as written")
    func reads() throws {
        let header =
            #"{"__metadata__":{"format":"pt","k\u00e9y":"a \"b\" \ud83d\ude00"},"b":{"dtype":"I32","shape":[2],"data_offsets":[4,12]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}  "#
        let file = try open(safetensors(header, data: [0, 0, 0x80, 0x3F, 7, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]))
        #expect(file.names == ["a", "b"])
        #expect(file.metadata == ["format": "pt", "kéy": "a \"b\" 😀"])
        #expect(try file.tensor("a").hostFloats() == [1])
        #expect(try file.tensor("b").hostIntegers() == [7, -1])
        #expect(file.entry("b")?.shape == [2])
        #expect(file.entry("b")?.byteCount == 8)
        #expect(file.entry("c") == nil)
        failure(.missingTensor) { _ = try file.tensor("c") }
    }

    @Test("a tensor outlives its file object and the file's name")
    func outlives() throws {
        let tensor = try open(safetensors(#"{"a":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]}}"#, data: [1, 2, 3, 4])).tensor("a")
        #expect(tensor.hostIntegers() == [1, 2, 3, 4])
    }

    @Test("a tensor that the file doesn't align is copied to where it is aligned")
    func alignment() throws {
        let header = #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}"#
        let tensor = try open(safetensors(header, data: [9, 0, 0, 0, 0x40])).tensor("b")
        #expect(UInt(bitPattern: tensor.address) % 4 == 0)
        #expect(tensor.hostFloats() == [2])
    }

    @Test("extents over four are folded into the last, and checked as the file has them")
    func manyExtents() throws {
        let header = #"{"k":{"dtype":"F32","shape":[1,1,2,1,2],"data_offsets":[0,16]}}"#
        let tensor = try open(safetensors(header, data: [0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64])).tensor("k")
        #expect(tensor.shape == Shape([1, 1, 2, 2]) && tensor.hostFloats() == [1, 2, 3, 4])
    }

    @Test("types that we don't compute with are listed, and refused when taken")
    func listedOnly() throws {
        let header = #"{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]},"c":{"dtype":"Q9","shape":[3],"data_offsets":[2,8]}}"#
        let file = try open(safetensors(header, data: [UInt8](repeating: 0, count: 8)))
        #expect(file.names == ["a", "c"])
        for name in file.names { #expect(failure(.unsupportedType) { _ = try file.tensor(name) }.contains(name)) }
    }

    @Test("empty tensors and an empty file of tensors are fine")
    func empty() throws {
        #expect(try open(safetensors("{}", data: [])).names == [])
        let file = try open(safetensors(#"{"a":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]}}"#, data: []))
        #expect(file.entry("a")?.byteCount == 0)
    }

    @Test(
        "a header that breaks the format is refused, whatever it says",
        arguments: [
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,  // Too few bytes for its shape.
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}}"#,  // Beyond the file.
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,  // A gap in front.
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,  // Bytes left over.
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,  // Overlapping.
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,  // Twice.
            #"{"__metadata__":{"k":"1","k":"2"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,8]}}"#,  // A product over 2⁶³.
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,99999999999999999999]}}"#,
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#,
            #"{"a":{"dtype":"F32","shape":[2]}}"#,
            #"{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"extra":1}}"#,
            #"{"a":{"dtype":4,"shape":[2],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F4","shape":[15],"data_offsets":[0,8]}}"#,  // No whole number of bytes.
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}}"#,
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#,
            #" {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
            #"{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
            #"["a"]"#, "{", "", "null",
        ])
    func malformed(header: String) throws {
        let message = failure(.malformed) { _ = try open(safetensors(header, data: [UInt8](repeating: 0, count: 8))) }
        #expect(message.contains("file.safetensors"))
    }

    @Test("a header length beyond the file or the limit is refused", arguments: [1, 100, 100_000_001, UInt64(Int64.max), UInt64.max])
    func lyingLength(length: UInt64) throws {
        failure(.malformed) { _ = try open(safetensors("", data: [], headerLength: length)) }
    }

    @Test("short, empty, missing and irregular files are refused")
    func notAFile() throws {
        failure(.malformed) { _ = try open(Data()) }
        failure(.malformed) { _ = try open(Data([1, 2, 3])) }
        try withFolder { folder in
            failure(.missingFile) { _ = try SafetensorsFile(folder.appending(path: "none.safetensors")) }
            failure(.unreadable) { _ = try SafetensorsFile(folder) }
        }
    }

    @Test(
        "a shape whose elements can't be counted is refused, also beside an extent of 0 or in a type that the format does not know",
        arguments: [
            ("F32", "4611686018427387904,4,0"), ("F32", "0,1099511627776,1099511627776"), ("X", "4611686018427387904,4"), ("X", "9"),
            ("F32", "9223372036854775808"),
        ])
    func uncountable(type: String, shape: String) {
        let header = "{\"a\":{\"dtype\":\"\(type)\",\"shape\":[\(shape)],\"data_offsets\":[0,1]}}"
        let empty = header.replacingOccurrences(of: "[0,1]", with: "[0,0]")
        failure(.malformed) { _ = try open(safetensors(header, data: [1])) }
        failure(.malformed) { _ = try open(safetensors(empty, data: [])) }
    }

    @Test("a file with any byte of its header changed, or cut anywhere, is read or refused, never a trap")
    func fuzz() throws {
        let header =
            #"{"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]}}"#
        let bytes = safetensors(header, data: [UInt8](repeating: 1, count: 32))
        var random = SeededRandom("a changed safetensors file")
        let interesting = Array("{}[]\",:0129-\\u.eE \u{0}\u{FF}".utf8)
        for round in 0..<3000 {
            var changed = bytes
            for _ in 0...(round % 4) {
                let position = Int.random(in: 0..<8 + header.utf8.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: changed[position] = UInt8.random(in: 0...255, using: &random)
                case 1: changed[position] = interesting.randomElement(using: &random) ?? 0
                default: changed = changed.prefix(position) + changed.dropFirst(position + 1)
                }
                if changed.count < 8 + header.utf8.count { break }
            }
            if round % 7 == 0 { changed = changed.prefix(Int.random(in: 0...changed.count, using: &random)) }
            guard let file = try? open(Data(changed)) else { continue }
            for name in file.names { _ = try? file.tensor(name).shape }
        }
    }
}

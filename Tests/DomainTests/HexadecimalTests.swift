import Domain
import Testing

@Suite struct HexadecimalTests {
    @Test("bytes are written with two digits each, and read back, small or capital")
    func roundTrip() {
        let bytes: [UInt8] = [0, 1, 0x0f, 0x10, 0xab, 0xff]
        #expect(bytes.hexadecimal == "00010f10abff")
        #expect([UInt8](hexadecimal: "00010f10abff") == bytes && [UInt8](hexadecimal: "00010F10ABFF") == bytes && [UInt8](hexadecimal: "") == [])
    }

    @Test("what is no whole number of bytes is none", arguments: ["0", "0g", "é", "0x00", " 0"])
    func malformed(text: String) { #expect([UInt8](hexadecimal: text) == nil) }
}

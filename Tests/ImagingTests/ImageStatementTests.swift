import Imaging
import Testing

@Suite struct ImageStatementTests {
    /// A small PNG with more chunks behind its header; their checksums are not looked at here.
    private func png(_ chunks: [(type: String, data: [UInt8])]) throws -> [UInt8] {
        let file = try scene(width: 4, height: 4).png()
        var more: [UInt8] = []
        for chunk in chunks {
            let length = (0..<4).reversed().map { UInt8(truncatingIfNeeded: chunk.data.count >> ($0 * 8)) }
            more += length + Array(chunk.type.utf8) + chunk.data + [0, 0, 0, 0]
        }
        return file[..<33] + more + file[33...]
    }

    private func xmp(_ property: String) throws -> ImageStatement {
        try ImageStatement(png([("iTXt", Array("XML:com.adobe.xmp\0\0\0\0\0<rdf:Description \(property)".utf8))]))
    }

    @Test(
        "the label is read as element and as attribute, with any prefix, escaped in any way, complete or not",
        arguments: [
            #"><TC260:AIGC>{&quot;Label&quot;:&quot;1&quot;}</TC260:AIGC>"#, #"><x:AIGC a="b">{"Label":"1"}</x:AIGC>"#,
            #" TC260:AIGC="{&quot;Label&quot;:&quot;1&quot;}"/>"#, #" TC260:AIGC = '{"Label":"1"}'/>"#,
            #"><TC260:AIGC>{&#34;Label&#x22;:&#34;1&#34;}</TC260:AIGC>"#, #"><TC260:AIGCX>0</TC260:AIGCX><TC260:AIGC>{"Label":1}</TC260:AIGC>"#,
        ])
    func label(property: String) throws {
        #expect(try xmp(property).label?.values == [.label: "1"])
    }

    @Test(
        "what is broken is no label",
        arguments: [
            "", "><TC260:AIGC>", "><TC260:AIGC", "><TC260:AIGC/>", "><TC260:AIGC>{}</TC260:AIGC>", "><TC260:AIGC>[1]</TC260:AIGC>",
            "><:AIGC>{}</:AIGC>", " TC260:AIGC=\"", " TC260:AIGC", "><TC260:AIGC>{&quot;Label&qu", "><TC260:AIGC>&#xFFFFFFFFF;&#xD800;</TC260:AIGC>",
        ])
    func noLabel(property: String) throws {
        #expect(try xmp(property).label == nil)
    }

    @Test("a label in a PNG's own text counts where there is no XMP")
    func text() throws {
        #expect(try ImageStatement(png([("tEXt", Array("AIGC".utf8) + [0] + Array(#"{"Label":"2"}"#.utf8))])).label?.values == [.label: "2"])
    }

    @Test("the source type is text, attribute or resource")
    func sourceType() throws {
        for property in [
            "><a:DigitalSourceType>u</a:DigitalSourceType>", " a:DigitalSourceType=\"u\"/>", "><a:DigitalSourceType rdf:resource=\"u\"/>",
        ] {
            #expect(try xmp(property).sourceType == "u")
        }
        #expect(try xmp(">").sourceType == nil)
    }

    @Test("parameters are read from Latin-1 and UTF-8 texts, up to a mebibyte")
    func parameters() throws {
        #expect(try ImageStatement(png([("tEXt", Array("parameters".utf8) + [0, 0xE9])])).parameters == "\u{E9}")
        #expect(try ImageStatement(png([("iTXt", Array("parameters\0\0\0\0\0猫".utf8))])).parameters == "猫")
        let long = try ImageStatement(png([("tEXt", Array("parameters".utf8) + [0] + [UInt8](repeating: 65, count: 3 << 20))]))
        #expect(long.parameters?.utf8.count == 1 << 20)
    }

    @Test("C2PA is named in all three formats, and in no plain file")
    func c2pa() throws {
        let image = scene(width: 4, height: 4)
        #expect(try ImageStatement(png([("caBX", [1])])).hasC2PA)
        let box = Array("JP".utf8) + [0, 1, 0, 0, 0, 1, 0, 0, 0, 40] + Array("jumb".utf8) + [0, 0, 0, 30] + Array("jumdc2pa".utf8)
        let jpeg = try image.jpeg()
        #expect(try ImageStatement(jpeg[..<20] + [0xFF, 0xEB, 0, UInt8(box.count + 2)] + box + jpeg[20...]).hasC2PA)
        for file in [try image.png(), jpeg, try image.webp()] { #expect(try !ImageStatement(file).hasC2PA) }
    }
}

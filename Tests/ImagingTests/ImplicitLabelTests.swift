import Domain
import Imaging
import Testing

@Suite struct ImplicitLabelTests {
    private static let image = scene(width: 64, height: 48)
    private static let label = AIGCLabel(
        contentProducer: #"00119144030000000000XX1GLM1 "<&>' <\#u{338}&\#u{301} 中文 /\"#,
        produceID: "0f3c2a9e5d1b4c77")

    private static func file(_ format: ImageFormat) throws -> [UInt8] {
        switch format {
        case .png: try image.png()
        case .jpeg: try image.jpeg()
        case .webp: try image.webp()
        }
    }

    @Test("a file has the label as it was put in, and the pixels that it had", arguments: ImageFormat.allCases)
    func roundTrip(format: ImageFormat) throws {
        let file = try Self.file(format)
        for source in [DigitalSourceType.trainedAlgorithmicMedia, .compositeWithTrainedAlgorithmicMedia] {
            let labelled = try ImplicitLabel(Self.label, source: source).added(to: file)
            let statement = try ImageStatement(labelled)
            #expect(statement.label == Self.label && statement.header.format == format)
            #expect(statement.sourceType == "http://cv.iptc.org/newscodes/digitalsourcetype/\(source.rawValue)")
            #expect(try RGBImage(decoding: labelled) == RGBImage(decoding: file))
            #expect(try ImplicitLabel(Self.label, source: source).added(to: file) == labelled)
        }
        #expect(try ImageStatement(file).label == nil)
    }

    @Test("every key is there and every value is a string, also where nothing is known")
    func keys() throws {
        let label = AIGCLabel(contentProducer: "", produceID: "a")
        #expect(Set(label.values.keys) == Set(AIGCLabel.Field.allCases))
        #expect(label.values[.label] == "1" && label.values[.produceID] == "a" && label.values[.contentProducer] == "")
        let file = try ImplicitLabel(label, source: .trainedAlgorithmicMedia).added(to: Self.file(.png))
        let packet = String(decoding: file, as: UTF8.self)
        #expect(
            packet.contains(
                #"<TC260:AIGC>{&quot;Label&quot;:&quot;1&quot;,&quot;ContentProducer&quot;:&quot;&quot;,&quot;ProduceID&quot;:&quot;a&quot;,&quot;ReservedCode1&quot;:&quot;&quot;,&quot;ContentPropagator&quot;:&quot;&quot;,&quot;PropagateID&quot;:&quot;&quot;,&quot;ReservedCode2&quot;:&quot;&quot;}</TC260:AIGC>"#
            ))
    }

    @Test("the label stands where readers look: in PNG in front of the pixels, in JPEG behind JFIF, in WebP announced by VP8X")
    func places() throws {
        func labelled(_ format: ImageFormat) throws -> [UInt8] {
            try ImplicitLabel(Self.label, source: .trainedAlgorithmicMedia).added(to: Self.file(format))
        }
        #expect(try labelled(.png)[37...].starts(with: "iTXtXML:com.adobe.xmp\0\0\0\0\0<?xpacket begin=\"\u{FEFF}\"".utf8))
        #expect(try labelled(.jpeg)[2..<4] == [0xFF, 0xE0] && labelled(.jpeg)[20..<22] == [0xFF, 0xE1])
        let webp = try labelled(.webp)
        #expect(webp[12...].starts(with: Array("VP8X".utf8) + [10, 0, 0, 0, 4, 0, 0, 0, 63, 0, 0, 47, 0, 0] + Array("VP8 ".utf8)))
        #expect(webp[4..<8].reversed().reduce(0) { $0 << 8 | Int($1) } == webp.count - 8 && webp.count % 2 == 0)
    }

    @Test("a part that is encoded anew takes the label over, into whichever format", arguments: ImageFormat.allCases)
    func carried(format: ImageFormat) throws {
        let labelled = try ImplicitLabel(Self.label, source: .trainedAlgorithmicMedia).added(to: Self.file(.png))
        #expect(try ImageStatement(ImplicitLabel.carry(from: labelled, to: Self.file(format))).label == Self.label)
        #expect(try ImplicitLabel.carry(from: Self.file(.png), to: Self.file(format)) == Self.file(format))
    }

    @Test("what no encoder of ours writes is refused, and cut files end in an error at every byte", arguments: ImageFormat.allCases)
    func refused(format: ImageFormat) throws {
        let label = ImplicitLabel(Self.label, source: .trainedAlgorithmicMedia)
        #expect(throws: ImageError.self) { try label.added(to: [1, 2, 3]) }
        let file = try Self.file(format)
        // Of JPEG only the segments in front are looked at.
        for count in 0..<min(file.count, format == .jpeg ? 20 : 33) {
            #expect(throws: (any Error).self, "\(count) bytes") { try ImageStatement(label.added(to: Array(file.prefix(count)))) }
        }
        #expect(throws: ImageError.self) { try label.added(to: bytes("lossless.webp")) }
    }
}

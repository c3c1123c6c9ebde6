import Crypto
import Domain
import Gateway
import Imaging
import Synchronization
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct LabelTests {
    private static let both = [ScriptedStage.text, .diffusion]

    private func request(_ explicitLabel: Bool? = nil, images: [[UInt8]] = []) -> GenerateImageRequest {
        GenerateImageRequest(
            prompt: "p", images: images, parameters: ImageOptions(height: 64, width: 64, steps: 1, seed: 3), explicitLabel: explicitLabel)
    }

    @Test("a content producer has 1 to 128 characters, all of which can be printed")
    func producer() throws {
        for producer in ["x", String(repeating: "公", count: 128)] {
            #expect(try LabelPolicy(contentProducer: producer, isExplicit: false).contentProducer == producer)
        }
        #expect(try LabelPolicy(contentProducer: nil, isExplicit: true) != LabelPolicy())
        for producer in ["", String(repeating: "x", count: 129), "a\nb", "a\u{0}", "a\u{202E}b", "a\u{FFFE}"] {
            #expect(throws: RequestError.self) { try LabelPolicy(contentProducer: producer, isExplicit: false) }
        }
    }

    @Test("words are drawn where the caller or the gateway wants them; only a caller with the right leaves them out against the gateway")
    func words() throws {
        let always = try LabelPolicy(contentProducer: nil, isExplicit: true), onRequest = LabelPolicy()
        for mayOmit in [true, false] {
            #expect(try always.drawsWords(wanted: nil, mayOmit: mayOmit) && always.drawsWords(wanted: true, mayOmit: mayOmit))
            #expect(try !onRequest.drawsWords(wanted: nil, mayOmit: mayOmit) && onRequest.drawsWords(wanted: true, mayOmit: mayOmit))
            #expect(try !onRequest.drawsWords(wanted: false, mayOmit: mayOmit))
        }
        #expect(try !always.drawsWords(wanted: false, mayOmit: true))
        let refusal = #expect(throws: CallError.self) { try always.drawsWords(wanted: false, mayOmit: false) }
        #expect(refusal?.status == .permissionDenied)
    }

    @Test("callers on the Unix socket and holders of a key with the scope have the right to leave words out, and nobody else has")
    func right() {
        func may(_ identity: String) -> Bool { Caller(identity: identity).mayOmitLabel }
        #expect(may("unix:1000/4711") && !may("ipv4:10.0.0.7") && !may(""))
        #expect(Caller(Grant(name: "a", scopes: [.images, .labelOff])).mayOmitLabel && !Caller(Grant(name: "b", scopes: [.images])).mayOmitLabel)
    }

    @Test("the number in the label is made of the image, so that equal requests have equal files")
    func number() async throws {
        let policy = try LabelPolicy(contentProducer: "me", isExplicit: false)
        let fleet = try await ScriptedFleet.start([.vision] + Self.both, labels: policy)
        let first = try await fleet.gateway.generate(request()), second = try await fleet.gateway.generate(request())
        #expect(first.image == second.image)
        let label = try #require(try ImageStatement(first.image).label)
        let plain = try RGBImage(decoding: first.image).png()
        let number = SHA256.hash(data: plain).prefix(16).hexadecimal
        #expect(label.values[.contentProducer] == "me" && label.values[.label] == "1" && label.values[.produceID] == number)
        #expect(try ImageStatement(first.image).sourceType?.hasSuffix("/trainedAlgorithmicMedia") == true)
        let edited = try await fleet.gateway.generate(request(images: [first.image]))
        #expect(try ImageStatement(edited.image).sourceType?.hasSuffix("/compositeWithTrainedAlgorithmicMedia") == true)
        try await fleet.stop()
    }

    @Test("partial images have the label, too")
    func partials() async throws {
        let fleet = try await ScriptedFleet.start(Self.both, labels: try LabelPolicy(contentProducer: "me", isExplicit: false))
        var request = request()
        request.parameters.steps = 2
        request.partialImages = 2
        let producers = Mutex<[String?]>([])
        _ = try await fleet.gateway.generate(request) { event in
            guard case .partial(let partial) = event else { return }
            let label = try ImageStatement(partial.image).label
            producers.withLock { $0.append(label?.values[.contentProducer]) }
        }
        #expect(producers.withLock { $0 } == ["me", "me"])
        try await fleet.stop()
    }

    @Test("the diffusion stage is told whether words are drawn, and the answer tells it, too")
    func told() async throws {
        let fleet = try await ScriptedFleet.start(Self.both, labels: LabelPolicy(contentProducer: nil, isExplicit: true))
        for (wanted, drawn) in [(nil, true), (true, true), (false, false)] as [(Bool?, Bool)] {
            let id = "\(wanted.map(String.init) ?? "none")"
            let image = try await fleet.gateway.generate(request(wanted), CallSettings(requestID: id))
            #expect(image.explicitLabel == drawn && fleet.log.events.contains("diffusion \(id)\(drawn ? " with words" : "")"))
        }
        try await fleet.stop()
    }
}

import Gateway
import Testing
import Wire

/// Stages elsewhere: how operators name them, and what names stand for.
@Suite struct ElsewhereTests {
    @Test(
        "addresses and names are read in gRPC's forms, and written so that they are read again",
        arguments: [
            ("dns:text.example:50052", "dns:text.example:50052"), ("dns:///text_1:50052", "dns:text_1:50052"),
            ("dns+https://text.example:1", "dns+https://text.example:1"), ("10.0.0.7:1", "10.0.0.7:1"), ("https://[::1]:2", "https://[::1]:2"),
            ("unix:/run/text-0.sock", "unix:/run/text-0.sock"),
        ])
    func origins(text: String, told: String) throws {
        let origin = try StageOrigin(parsing: text)
        #expect("\(origin)" == told)
        #expect(try StageOrigin(parsing: told) == origin)
    }

    @Test(
        "what is no name is refused with the reason",
        arguments: [
            ("dns:text.example", "is not as in dns:text.example:50052"), ("dns:a:b:1", "is not as in dns:text.example:50052"),
            ("dns://8.8.8.8/text:1", "names a DNS server; the system's are asked"), ("dns:text:0", "has no port from 1 to 65535"),
            ("dns:text:65536", "has no port from 1 to 65535"), ("dns::1", "has no name of 1 to 253 letters, digits, hyphens, underscores and dots"),
            ("dns:te xt:1", "has no name of 1 to 253 letters, digits, hyphens, underscores and dots"), ("dns+https://:1", "has no name of 1 to 253"),
        ])
    func refused(text: String, reason: String) {
        let error = #expect(throws: WireError.self) { try StageOrigin(parsing: text) }
        #expect(error.map { "\($0)".contains("address \"\(text)\" \(reason)") } == true, "\(String(describing: error))")
    }

    @Test("addresses come and go with the answers; one that fails leaves the last, and says so once")
    func answers() {
        var answer = NameAnswer()
        var news = [answer.failed("can't be resolved: no"), answer.failed("can't be resolved: no")]
        #expect(news == [true, false] && answer.addresses.isEmpty && answer.problem == "can't be resolved: no")
        news = [answer.resolved(["10.0.0.2", "10.0.0.1"]), answer.resolved(["10.0.0.1", "10.0.0.2"])]
        #expect(news == [true, false] && answer.addresses == ["10.0.0.1", "10.0.0.2"] && answer.problem.isEmpty)
        news = [answer.resolved(["10.0.0.2", "10.0.0.3"])]
        #expect(news == [true] && answer.addresses == ["10.0.0.2", "10.0.0.3"])
        news = [answer.failed("can't be resolved: no"), answer.resolved([])]
        #expect(news == [true, true] && answer.addresses == ["10.0.0.2", "10.0.0.3"])
        #expect(answer.problem == "has no address; the 2 that it had last are used")
        news = [answer.resolved(["10.0.0.3", "10.0.0.2"])]
        #expect(news == [true] && answer.problem.isEmpty)
    }

    @Test("of a stage that has addresses of both families one is used")
    func families() {
        var answer = NameAnswer()
        _ = answer.resolved(["10.0.0.1", "fd00::1"])
        #expect(answer.addresses == ["10.0.0.1"])
        _ = answer.resolved(["fd00::1", "fd00::2"])
        #expect(answer.addresses == ["fd00::1", "fd00::2"])
    }

    @Test("over the limit those that are in use stay, and how many are left out is told")
    func limit() {
        var answer = NameAnswer()
        _ = answer.resolved(["10.9.9.9"])
        let many = (0..<NameAnswer.limit).map { "10.0.\($0 / 256).\($0 % 256)" }
        _ = answer.resolved(many + ["10.9.9.9"])
        #expect(answer.addresses.count == NameAnswer.limit && answer.addresses.contains("10.9.9.9"))
        #expect(answer.problem == "has 1025 addresses, 1024 of which are used")
    }

    @Test("an address that leaves the answer is forgotten, one that joins is followed, and those in the run directory stay")
    func comeAndGo() {
        let name = StageOrigin.name(StageName(host: "pods", port: 3, isEncrypted: true))
        let pods = (1...3).map { Address.tls(host: "10.0.0.\($0)", port: 3) }, local = Stages.address("text-0")
        var registry = Registry(place: "there")
        _ = registry.know([local], elsewhere: [pods[0]: name, pods[1]: name])
        #expect(registry.know([local], elsewhere: [pods[1]: name, pods[2]: name]) == Registry.Change(follow: [pods[2]], forget: [pods[0]]))
    }

    @Test("the system's answer is taken as numbers")
    func lookup() async throws {
        #expect(try await NameLookup.addresses(of: "127.0.0.1") == ["127.0.0.1"])
    }
}

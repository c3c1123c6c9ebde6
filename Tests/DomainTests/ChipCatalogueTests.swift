import Domain
import Testing

@Suite("Which chips are supported")
struct ChipCatalogueTests {
    @Test(
        "910B, which a driver may call A2G, and the dies of A3 are, by CANN's names and by the driver's",
        arguments: ["Ascend910B1", "Ascend910B2C", "910B3", "Ascend910B4", "910B4-1", "A2G3", "Ascend910_9391", "Ascend910_9362"])
    func supported(name: String) {
        if case .refused(let reason) = ChipCatalogue.support(name) { Issue.record("\(reason)") }
    }

    @Test(
        "chips without bf16 and those with other operators are not, whatever their memory, and the reason names them",
        arguments: ["Ascend310P3", "310P3", "Ascend910A", "910ProB", "Ascend910B", "Ascend950PR_9589", "950DT", "Atlas 350", "H200"],
        [nil, 32, 128])
    func refused(name: String, gibibytes: Int?) {
        guard case .refused(let reason) = ChipCatalogue.support(name, memory: gibibytes.map { $0 << 30 }) else {
            Issue.record("\(name) is accepted")
            return
        }
        #expect(reason.hasPrefix(name))
    }

    @Test("the 950 family is refused with one text, by whichever of its names")
    func family950() {
        for name in ["Ascend950PR_9589", "950PR", "Ascend950DT_9582", "Atlas 350"] {
            let text = "\(name) is not supported: the 950 family has an operator set of its own, which this build doesn't know"
            #expect(ChipCatalogue.support(name) == .refused(text))
        }
    }

    @Test("an A2G with 32 or 64 GB counts as the slowest A2, a 910B4; with another memory it is none that is known")
    func otherNames() {
        for gibibytes in [32, 64] { #expect(ChipCatalogue.support("A2G3", memory: gibibytes << 30) == ChipCatalogue.support("910B4")) }
        #expect(ChipCatalogue.support("A2G1") == ChipCatalogue.support("910B4"))
        for gibibytes in [16, 48, 96] {
            guard case .refused(let reason) = ChipCatalogue.support("A2G3", memory: gibibytes << 30) else {
                Issue.record("\(gibibytes) GiB are accepted")
                continue
            }
            #expect(reason == "A2G3 with \(gibibytes).0 GiB is a chip this build doesn't know; it knows A2G with 32 and 64 GB")
        }
    }

    @Test("only its memory tells a die of A3 from a 910A where the driver names both alike")
    func dies() {
        if case .refused(let reason) = ChipCatalogue.support("Ascend910", memory: 64 << 30) { Issue.record("\(reason)") }
        if case .figures = ChipCatalogue.support("Ascend910", memory: 32 << 30) { Issue.record("a 910A is accepted") }
    }
}

import Domain
import Testing

@Suite("Which chips are supported")
struct ChipCatalogueTests {
    @Test(
        "910B and the dies of A3 are, by CANN's names and by the driver's",
        arguments: ["Ascend910B1", "Ascend910B2C", "910B3", "Ascend910B4", "910B4-1", "Ascend910_9391", "Ascend910_9362"])
    func supported(name: String) {
        if case .refused(let reason) = ChipCatalogue.support(name) { Issue.record("\(reason)") }
    }

    @Test(
        "chips without bf16 and those with other operators are not, whatever their memory, and the reason names them",
        arguments: ["Ascend310P3", "310P3", "Ascend910A", "910ProB", "Ascend910B", "Ascend950PR_9589", "950DT", "H200"], [nil, 32, 128])
    func refused(name: String, gibibytes: Int?) {
        guard case .refused(let reason) = ChipCatalogue.support(name, memory: gibibytes.map { $0 << 30 }) else {
            Issue.record("\(name) is accepted")
            return
        }
        #expect(reason.hasPrefix(name))
    }

    @Test("only its memory tells a die of A3 from a 910A where the driver names both alike")
    func dies() {
        if case .refused(let reason) = ChipCatalogue.support("Ascend910", memory: 64 << 30) { Issue.record("\(reason)") }
        if case .figures = ChipCatalogue.support("Ascend910", memory: 32 << 30) { Issue.record("a 910A is accepted") }
    }
}

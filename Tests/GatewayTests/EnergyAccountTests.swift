import Domain
import Gateway
import Testing
import Wire

@Suite("The energy of calls to stages") struct EnergyAccountTests {
    private let account = EnergyAccount()

    private func replica(_ address: Address, _ device: String) throws -> Registry.Replica {
        var registry = Registry(place: "there")
        _ = registry.know([address])
        var description = Stages.description("text")
        description.device = device
        registry.heard(address, description, .serving)
        return try #require(registry.listing.first)
    }

    @Test("of a stage on measured cards it is told; on the CPU, on a card that tells nothing, and on another host it is not")
    func measured() throws {
        account.found([.npu(0): 0, .npu(1): 1])
        account.sampled([0: [100], 1: [100]])
        let here = Stages.address("text-0")
        for device in ["npu:0", "npu:1,npu:0"] {
            let call = try #require(account.begin(try replica(here, device), model: "m"))
            #expect(call.joules([Timing(phase: "decode", seconds: 0)]) == [0])
            call.end()
        }
        for device in ["cpu", "npu:2", "npu:0,npu:2", ""] { #expect(account.begin(try replica(here, device), model: "m") == nil) }
        #expect(account.begin(try replica(.tcp(host: "other", port: 1), "npu:0"), model: "m") == nil)
    }

    @Test("idle joules are told with the first card of a package, and of packages that stages run on alone")
    func idle() {
        account.found([.npu(0): 7, .npu(1): 7, .npu(2): 8])
        account.sampled([7: [180, 180], 8: [100]])
        account.sampled([7: [180, 180], 8: [100]])
        #expect(account.idle([.npu(1)]).keys.sorted() == [.npu(0)])
        #expect(account.idle([]).isEmpty)
    }
}

import AscendStandIn
import CAscend
import Domain
import Foundation
import Placement
import Testing

/// The stand-in's machine: placement sees the cards that libascendcl offers. One after another: each writes a script and runs it.
@Suite(.serialized)
struct MachineTests {
    struct Kind: Sendable, Codable {
        var soc: String
        var chip: String
        var dies: Int
        var gibibytes: Int
        var usable: Bool
    }

    static let kinds = [
        Kind(soc: "Ascend910B3", chip: "910B3", dies: 1, gibibytes: 64, usable: true),
        Kind(soc: "Ascend910B4", chip: "910B4", dies: 1, gibibytes: 32, usable: true),
        Kind(soc: "Ascend910_9391", chip: "Ascend910", dies: 2, gibibytes: 64, usable: true),
        Kind(soc: "Ascend310P3", chip: "310P3", dies: 2, gibibytes: 43, usable: false),
        Kind(soc: "Ascend910A", chip: "910A", dies: 1, gibibytes: 32, usable: false),
    ]

    @Test("npu-smi tells of the same cards as the runtime: as many, with as much free", arguments: kinds)
    func table(_ kind: Kind) async throws {
        await #expect(processExitsWith: .success) { [kind] in
            let cards = try Machine.cards(["STANDIN_SOC": kind.soc, "STANDIN_DEVICES": "4"])
            let session = Session(["SOC": kind.soc, "DEVICES": "4"])
            var count: UInt32 = 0, free = 0, total = 0
            ok(cann.aclrtGetDeviceCount(&count))
            ok(cann.aclrtGetMemInfo(kind.soc.contains("310P") ? ACL_DDR_MEM : ACL_HBM_MEM, &free, &total))
            #expect(cards.count == Int(count))
            #expect(cards.map(\.device) == [.npu(0), .npu(1), .npu(2), .npu(3)])
            #expect(cards.map(\.location?.card) == (0..<4).map { $0 / kind.dies })
            #expect(cards.map(\.location?.chip) == (0..<4).map { $0 % kind.dies })
            for card in cards {
                #expect(card.chip == kind.chip)
                #expect(card.memory >> 30 == kind.gibibytes)
                #expect(card.free == total)
                #expect(card.health == .ok)
                if case .figures = card.support { #expect(kind.usable) } else { #expect(!kind.usable) }
            }
            _ = session
        }
    }

    @Test("DCMI tells the same as npu-smi, and STANDIN_MEMORY is what both show as free", arguments: kinds)
    func dcmi(_ kind: Kind) async throws {
        await #expect(processExitsWith: .success) { [kind] in
            let environment = ["STANDIN_SOC": kind.soc, "STANDIN_DEVICES": "3", "STANDIN_MEMORY": "\(4 << 30)"]
            for (name, value) in environment { setenv(name, value, 1) }
            let table = try Machine.cards(environment), library = try Machine.cards(environment, dcmi: true)
            #expect(library.map(\.source) == [.dcmi, .dcmi, .dcmi])
            #expect(table.map(\.source) == [.npuSMI, .npuSMI, .npuSMI])
            for (one, other) in zip(library, table) {
                #expect(one.free == 4 << 30)
                #expect((one.device, one.memory) == (other.device, other.memory))
                // DCMI has the number, too, that the table's name of an A3 lacks.
                #expect((one.chip, other.chip) == (kind.chip == "Ascend910" ? kind.soc : kind.chip, kind.chip))
                #expect((one.free, one.temperature, one.power) == (other.free, other.temperature, other.power))
                #expect((one.location?.card, one.location?.chip) == (other.location?.card, other.location?.chip))
            }
        }
    }

    @Test("an edition of the driver that calls an Atlas A2 A2G3 changes nothing else")
    func otherNames() async throws {
        await #expect(processExitsWith: .success) {
            setenv("STANDIN_SOC", "A2G3", 1)
            for dcmi in [false, true] {
                let cards = try Machine.cards(["STANDIN_SOC": "A2G3"], dcmi: dcmi)
                #expect(cards.map(\.chip) == ["A2G3"] && cards[0].memory == 64 << 30)
            }
            let session = Session()
            #expect(String(cString: cann.aclrtGetSocName()!) == "Ascend910B3")
            _ = session
        }
    }

    @Test("a 950 has DCMI's functions of one logical number; the others answer that it isn't supported")
    func dcmi950() async {
        await #expect(processExitsWith: .success) {
            setenv("STANDIN_SOC", "Ascend950PR_9589", 1)
            setenv("STANDIN_DEVICES", "2", 1)
            let library = dlopen(try Machine.library().path, RTLD_NOW)
            typealias Initialise = @convention(c) () -> Int32
            typealias Power = @convention(c) (Int32, UnsafeMutablePointer<Int32>) -> Int32
            let other = unsafeBitCast(dlsym(library, "dcmi_init"), to: Initialise.self)
            let initialise = unsafeBitCast(dlsym(library, "dcmiv2_init"), to: Initialise.self)
            let power = unsafeBitCast(dlsym(library, "dcmiv2_get_device_power_info"), to: Power.self)
            var tenths: Int32 = 0
            let codes = [other(), initialise(), power(1, &tenths), power(2, &tenths)]
            #expect(codes == [-8255, 0, 0, -8007])
            #expect(tenths == 913)
        }
    }

    @Test("discovery refuses a 950 by its name, whichever way it is told of", arguments: [true, false])
    func refused950(dcmi: Bool) async {
        await #expect(processExitsWith: .success) { [dcmi] in
            let environment = ["STANDIN_SOC": "Ascend950PR_9589", "STANDIN_DEVICES": "2"]
            for (name, value) in environment { setenv(name, value, 1) }
            let cards = try Machine.cards(environment, dcmi: dcmi)
            #expect(cards.map(\.chip) == ["Ascend950PR", "Ascend950PR"])
            for card in cards {
                guard case .refused(let reason) = card.support else { throw Accepted() }
                #expect(reason.hasPrefix("Ascend950PR is not supported: "))
            }
        }
    }

    private struct Accepted: Error {}

    @Test("processes that share a machine share its memory: the runtime, DCMI and npu-smi count what each living one holds")
    func shared() async throws {
        await #expect(processExitsWith: .success) {
            let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            func other(_ process: Int32, holds bytes: Int) throws { try Data("\(bytes)\n".utf8).write(to: folder.appending(path: "npu1.\(process)")) }
            try other(getppid(), holds: 3 << 30)
            try other(Int32.max, holds: 1 << 30)  // no process has this number

            let environment = ["STANDIN_DEVICES": "2", "STANDIN_MEMORY": "\(4 << 30)", "STANDIN_MACHINE": folder.path]
            for (name, value) in environment { setenv(name, value, 1) }
            let session = Session(["ASCEND_RT_VISIBLE_DEVICES": "1"])
            var address: UnsafeMutableRawPointer?, free = 0, total = 0
            #expect(cann.aclrtMalloc(&address, 2 << 30, ACL_MEM_MALLOC_HUGE_FIRST) == 207001)
            _ = session.memory((256 << 20) - 64)
            ok(cann.aclrtGetMemInfo(ACL_HBM_MEM, &free, &total))
            #expect((free, total) == (768 << 20, 4 << 30))

            for dcmi in [false, true] {
                let cards = try Machine.cards(environment, dcmi: dcmi)
                #expect(cards.map(\.free) == [4 << 30, 768 << 20])
            }
            let mine = folder.appending(path: "npu1.\(getpid())")
            #expect(try String(contentsOf: mine, encoding: .utf8).contains("\(256 << 20)"))
            ok(aclFinalize())
            #expect(!FileManager.default.fileExists(atPath: mine.path))
        }
    }

    @Test("a configured fault of DCMI is every function's answer")
    func dcmiFault() async throws {
        await #expect(processExitsWith: .success) {
            setenv("STANDIN_FAULT", "dcmi:-8020", 1)
            let notes = try Machine.notes(dcmi: true)
            #expect(notes.first?.hasSuffix("dcmi_init: error -8020") == true, "\(notes)")
        }
    }
}

/// Placement's look at the stand-in's machine.
enum Machine {
    static let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../AscendStandIn/npu-smi").standardizedFileURL

    static func cards(_ environment: [String: String], dcmi: Bool = false) throws -> [Card] {
        try inventory(environment, dcmi: dcmi).accelerators
    }

    static func notes(dcmi: Bool) throws -> [String] { try inventory([:], dcmi: dcmi).notes }

    private static func inventory(_ environment: [String: String], dcmi: Bool) throws -> Inventory {
        var environment = environment
        environment["PATH"] = "\(script.deletingLastPathComponent().path):/usr/bin:/bin"
        if dcmi { environment["GLM_DCMI_LIBRARY"] = try library().path }
        return try Discovery(environment: environment).inventory()
    }

    /// The stand-in as a library, beside the tests' own program.
    static func library() throws -> URL {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: program).deletingLastPathComponent().appending(path: "libAscendStandIn.so")
    }
}

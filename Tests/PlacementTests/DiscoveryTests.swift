import Foundation
import Placement
import Domain
import TestSupport
import Testing

/// One after another: a script can't be run while a process that another test is starting still has it open for writing.
@Suite(.serialized)
struct DiscoveryTests {
    private let mebibyte = 1 << 20

    @Test("DCMI: a 910B has one die a card; physical and logical numbers are kept apart")
    func dcmi910B() throws {
        let dies = [
            ScriptedDCMI.Die(card: 2, logical: 0, physical: 5, name: "910B3"),
            ScriptedDCMI.Die(card: 6, logical: 1, physical: 3, name: "910B3", health: 2, temperature: nil, power: nil),
        ]
        let cards = try ScriptedDCMI.with(dies) { try accelerators(["GLM_DCMI_LIBRARY": $0.path]) }
        #expect(cards.map(\.device.description) == ["npu:0", "npu:1"])
        #expect(
            cards[0]
                == Card(
                    device: .npu(0), chip: "910B3", memory: 65536 * mebibyte, free: 62536 * mebibyte, health: .ok, temperature: 40, power: 91.3,
                    location: Card.Location(card: 2, chip: 0, physical: 5), source: .dcmi))
        #expect(cards[1].health == .major)
        #expect(cards[1].temperature == nil)
        #expect(cards[1].power == nil)
        #expect(cards[1].location == Card.Location(card: 6, chip: 0, physical: 3))
    }

    @Test("DCMI: an A3 has two dies a card, each a card of ours; the number beside the family's name completes it")
    func dcmiA3() throws {
        let dies = (0..<4).map {
            ScriptedDCMI.Die(card: $0 / 2, chip: $0 % 2, logical: $0, physical: $0, name: "Ascend910", number: $0 < 2 ? "9362" : "")
        }
        let cards = try ScriptedDCMI.with(dies) { try accelerators(["GLM_DCMI_LIBRARY": $0.path]) }
        #expect(cards.map(\.device.description) == ["npu:0", "npu:1", "npu:2", "npu:3"])
        #expect(cards.map(\.location?.chip) == [0, 1, 0, 1])
        #expect(cards.map(\.chip) == ["Ascend910_9362", "Ascend910_9362", "Ascend910", "Ascend910"])
        #expect(cards.allSatisfy { if case .figures = $0.support { true } else { false } })
    }

    @Test("DCMI: a package whose two dies tell the same power shows it once; dies that tell their own show both")
    func powerOfPackages() throws {
        let watts = [1819, 1819, 900, 1000]
        let dies = (0..<4).map { ScriptedDCMI.Die(card: $0 / 2, chip: $0 % 2, logical: $0, physical: $0, name: "Ascend910", power: watts[$0]) }
        let cards = try ScriptedDCMI.with(dies) { try accelerators(["GLM_DCMI_LIBRARY": $0.path]) }
        #expect(cards.map(\.power) == [181.9, nil, 90, 100])
    }

    @Test("DCMI: why the frequency is lowered is told by cause; an idle card is not slowed, and one that doesn't tell is unknown")
    func slowed() throws {
        let bits = [1 << 2 | 1 << 10, 1 << 0, nil]
        let dies = (0..<3).map { ScriptedDCMI.Die(card: $0, logical: $0, physical: $0, name: "910B3", slowed: bits[$0]) }
        let cards = try ScriptedDCMI.with(dies) { try accelerators(["GLM_DCMI_LIBRARY": $0.path]) }
        #expect(cards.map(\.slowedBy) == [[.thermal, .capping], [], nil])
    }

    @Test("power sensors tell each package's watts by its dies; a machine without DCMI, or whose cards tell none, has no sensors")
    func sensors() throws {
        var dies = (0..<4).map { ScriptedDCMI.Die(card: $0 / 2, chip: $0 % 2, logical: $0, physical: $0, name: "Ascend910", power: 900 + $0) }
        dies[3].power = nil
        try ScriptedDCMI.with(dies) { library in
            let sensors = try #require(try PowerSensors.find(environment: ["GLM_DCMI_LIBRARY": library.path]))
            #expect(sensors.packages == [.npu(0): 0, .npu(1): 0, .npu(2): 1, .npu(3): 1])
            #expect(sensors.read() == [0: [90, 90.1], 1: [90.2]])
            #expect(sensors.reader(of: .npu(1))?() == 180.1 && sensors.reader(of: .npu(3))?() == 90.2 && sensors.reader(of: .npu(4)) == nil)
        }
        let silent = [ScriptedDCMI.Die(card: 0, logical: 0, physical: 0, name: "310P3", power: nil)]
        #expect(try ScriptedDCMI.with(silent) { try PowerSensors.find(environment: ["GLM_DCMI_LIBRARY": $0.path]) } == nil)
        #expect(try PowerSensors.find(environment: ["GLM_DCMI_LIBRARY": "/none/libdcmi.so"]) == nil)
        let failing = [ScriptedDCMI.Die(card: 0, logical: 0, physical: 0, name: "910B3")]
        try ScriptedDCMI.with(failing, initCode: -8020) { library in
            let reason = failure(.discoveryFailed) { _ = try PowerSensors.find(environment: ["GLM_DCMI_LIBRARY": library.path]) }
            #expect(reason.hasSuffix("dcmi_init: error -8020"))
        }
    }

    // MARK: The 950 family

    private static let refusal950 = "is not supported: the 950 family has an operator set of its own, which this build doesn't know"

    @Test("the 950 family is refused by its chip's name, whether its DCMI or its npu-smi tells it")
    func refused950() throws {
        let library = try ScriptedDCMI.with950(["Ascend950PR", "Ascend950PR"]) { try accelerators(["GLM_DCMI_LIBRARY": $0.path]) }
        let table = try table("950")
        for cards in [library, table] {
            #expect(cards.map(\.device) == [.npu(0), .npu(1)])
            #expect(cards.allSatisfy { $0.support == .refused("Ascend950PR \(Self.refusal950)") }, "\(cards)")
            let notes = try Planner(Topology(), inventory: Inventory(cards: cards + [.host]), models: [tiny]).plan().notes
            #expect(notes.contains("npu:0 is not used: Ascend950PR \(Self.refusal950)"), "\(notes)")
        }
    }

    @Test("functions and tables of the 950 family that name no chip of it are refused as what they are")
    func unnamed950() throws {
        try ScriptedDCMI.with950(["Ascend"]) { library in
            let inventory = try Discovery(environment: ["GLM_DCMI_LIBRARY": library.path, "PATH": "/none"]).inventory()
            #expect(inventory.accelerators.isEmpty)
            #expect(
                inventory.notes.first?.hasSuffix("its functions are those of the 950 family, which is not supported") == true, "\(inventory.notes)")
        }
        let table = "| NPU ID | Name |\n| | Bus-Id |\n| 0 | Ascend |\n| | 0000:C1:00.0 |\n"
        #expect(failure(.discoveryFailed) { _ = try NPUSMITable(table) } == "npu-smi info prints the table of the 950 family, which is not supported")
    }

    @Test("DCMI: a 310P has no HBM; its own memory is told, and the chip is refused by name")
    func dcmi310P() throws {
        let die = ScriptedDCMI.Die(card: 0, logical: 0, physical: 0, name: "310P3", hbm: nil, memory: (44280, 41843))
        let card = try #require(try ScriptedDCMI.with([die]) { try accelerators(["GLM_DCMI_LIBRARY": $0.path]) }.first)
        #expect(card.memory == 44280 * mebibyte)
        #expect(card.free == 41843 * mebibyte)
        #expect(card.support == .refused("310P3 has no bf16, which GLM-Image's weights are in"))
    }

    @Test("a DCMI that fails is a note, and npu-smi is asked")
    func dcmiFails() throws {
        try ScriptedDCMI.with([ScriptedDCMI.Die(card: 0, logical: 0, physical: 0, name: "910B3")], initCode: -8020) { library in
            try withFolder { folder in
                try script(folder, printing: "910b4")
                let inventory = try Discovery(environment: ["GLM_DCMI_LIBRARY": library.path, "PATH": path(folder)]).inventory()
                #expect(inventory.accelerators.map(\.source) == [.npuSMI, .npuSMI])
                #expect(inventory.notes.count == 1 && inventory.notes[0].hasSuffix("dcmi_init: error -8020"), "\(inventory.notes)")
            }
        }
    }

    @Test("a DCMI that can't be loaded is a note; one that isn't there only where it was named")
    func dcmiBroken() throws {
        try withFolder { folder in
            let library = folder.appending(path: "libdcmi.so")
            let named = ["GLM_DCMI_LIBRARY": library.path, "PATH": folder.path]
            #expect(try Discovery(environment: named).inventory().notes == ["GLM_DCMI_LIBRARY names \(library.path), which can't be opened"])
            try Data("no library".utf8).write(to: library)
            let notes = try Discovery(environment: named).inventory().notes
            #expect(notes.count == 1 && notes[0].hasPrefix("DCMI failed, npu-smi was asked: \(library.path)"), "\(notes)")
        }
    }

    @Test("npu-smi on 910B4: missing temperature and power stay unknown")
    func table910B() throws {
        let cards = try table("910b4")
        #expect(cards.map(\.device.description) == ["npu:0", "npu:1"])
        #expect(
            cards[0]
                == Card(
                    device: .npu(0), chip: "910B4-1", memory: 65536 * mebibyte, free: 62339 * mebibyte, health: .ok, temperature: 33, power: 91.3,
                    location: Card.Location(card: 0, chip: 0, physical: nil), source: .npuSMI))
        #expect(cards[1].free == 5536 * mebibyte)
        #expect(cards[1].power == nil)
        #expect(cards[1].temperature == nil)
        #expect(cards[1].health == .major)
        #expect(cards[1].location?.card == 2)
    }

    @Test("npu-smi on 910A: HBM counts, not the other memory, and the chip is refused by name")
    func table910A() throws {
        let card = try #require(try table("910a").first)
        #expect(card.memory == 32768 * mebibyte)
        #expect(card.free == 32767 * mebibyte)
        #expect(card.support == .refused("910ProB with 32.0 GiB is of the 910A family and has no bf16, which GLM-Image's weights are in"))
    }

    @Test("npu-smi on A3: two dies a card, with the host's numbers")
    func tableA3() throws {
        let cards = try table("a3")
        #expect(cards.map(\.device.description) == ["npu:0", "npu:1", "npu:2", "npu:3"])
        #expect(
            cards.map(\.location) == [(4, 0, 8), (4, 1, 9), (5, 0, 10), (5, 1, 11)].map { Card.Location(card: $0.0, chip: $0.1, physical: $0.2) })
        #expect(cards.map(\.power) == [181.9, nil, 176.2, nil])
        #expect(cards[1].temperature == 36)
    }

    @Test("npu-smi on 310P: no HBM column")
    func table310P() throws {
        let cards = try table("310p")
        #expect(cards.map(\.chip) == ["310P3", "310P3"])
        #expect(cards.map(\.memory) == [44280 * mebibyte, 43693 * mebibyte])
        #expect(cards.map(\.power) == [nil, nil])
    }

    @Test("an npu-smi that prints an error, or ends with one, is a note")
    func noTable() throws {
        try withFolder { folder in
            try script(folder, "echo 'dcmi model initialized failed, because the device is used. ret is -8020'")
            let printed = try Discovery(environment: ["PATH": path(folder)]).inventory()
            #expect(printed.accelerators.isEmpty)
            #expect(
                printed.notes == [
                    "npu-smi info prints no table of NPUs; it begins with \"dcmi model initialized failed, because the device is used. ret is -8020\""
                ])
            try script(folder, "exec yes")
            let endless = try Discovery(environment: ["PATH": path(folder)]).inventory()
            #expect(endless.notes == ["\(folder.path)/npu-smi info prints more than 1048576 bytes"])
            try script(folder, "echo busy; exit 3")
            let failed = try Discovery(environment: ["PATH": path(folder)]).inventory()
            #expect(failed.notes == ["\(folder.path)/npu-smi info ended with exit code 3: busy"])
        }
    }

    private static let header = "| NPU   Name | Health | Power(W) Temp(C) |\n| Chip | Bus-Id | AICore(%)  Memory-Usage(MB) |\n"
    private static func row(_ used: String, _ total: String) -> String {
        "| 0 910B3 | OK | nan 999999 |\n| 0 | 0000:C1:00.0 | 0 \(used) / \(total) |\n"
    }

    @Test(
        "npu-smi's text with empty rows, or with memory that no card has, is refused with what it says",
        arguments: [
            ("|\n", "begins with \"\""), ("||\n|  |\n", "no table"), ("| NPU Name | Health | Power |\n|\n", "no table"),
            (header + row("1", "9223372036854775807"), "no memory for NPU 0"), (header + row("-9223372036854775808", "65536"), "no memory for NPU 0"),
            (header + row("1", "0"), "no memory for NPU 0"), (header + "| 0 910B3 | OK | 1 1 |\n", "1 rows"),
        ])
    func hostileTable(_ text: String, _ said: String) {
        #expect(failure(.discoveryFailed) { _ = try NPUSMITable(text) }.contains(said))
    }

    @Test("a line of one bar is no row, and figures that no sensor measures are unknown")
    func strayBars() throws {
        let card = try #require(try NPUSMITable("|\n||\n" + Self.header + "|\n" + Self.row("3197", "65536")).cards.first)
        #expect(card.free == 62339 * mebibyte && card.power == nil && card.temperature == nil)
    }

    @Test("DCMI: memory that no card has is cut, and a number that no device has is a failure")
    func hostileDCMI() throws {
        let large = ScriptedDCMI.Die(card: 0, logical: 0, physical: 0, name: "910B3", hbm: (.max, .max), temperature: 100_000)
        let card = try #require(try ScriptedDCMI.with([large]) { try accelerators(["GLM_DCMI_LIBRARY": $0.path]) }.first)
        #expect(card.memory == 1 << 50 && card.free == 0 && card.temperature == nil)
        let misnamed = ScriptedDCMI.Die(card: 0, logical: -7, physical: 0, name: "910B3")
        try ScriptedDCMI.with([misnamed]) { library in
            let inventory = try Discovery(environment: ["GLM_DCMI_LIBRARY": library.path, "PATH": "/none"]).inventory()
            #expect(inventory.accelerators.isEmpty && inventory.notes.contains { $0.hasSuffix("has the number -7") }, "\(inventory.notes)")
        }
    }

    @Test("ASCEND_RT_VISIBLE_DEVICES bounds the cards, and is refused where the runtime would ignore it")
    func visible() throws {
        let dies = (0..<4).map { ScriptedDCMI.Die(card: $0, logical: $0, physical: $0, name: "910B3") }
        try ScriptedDCMI.with(dies) { library in
            func names(_ list: String) throws -> [String] {
                try accelerators(["GLM_DCMI_LIBRARY": library.path, "ASCEND_RT_VISIBLE_DEVICES": list]).map(\.device.description)
            }
            let visible = try names("1,3")
            #expect(visible == ["npu:1", "npu:3"])
            #expect(failure(.discoveryFailed) { _ = try names("3,1") }.contains("ascending"))
            #expect(failure(.discoveryFailed) { _ = try names("1,x") }.contains("\"1,x\""))
            #expect(failure(.missingCard) { _ = try names("2,7") }.contains("no card 7, there are 0, 1, 2, 3"))
        }
    }

    @Test("the host tells its available memory and is the card cpu")
    func host() throws {
        try withFolder { folder in
            try Data("MemTotal:       24684096 kB\nMemFree: 1 kB\nMemAvailable:   21849184 kB\n".utf8).write(to: folder.appending(path: "meminfo"))
            try Data("processor: 0\nmodel name\t: A Processor @ 2 GHz\n".utf8).write(to: folder.appending(path: "cpuinfo"))
            let host = try #require(try Discovery(environment: ["PATH": folder.path], proc: folder).inventory().host)
            #expect(host.device == .cpu)
            #expect(host.chip == "A Processor @ 2 GHz")
            #expect(host.memory == 24_684_096 * 1024)
            #expect(host.free == 21_849_184 * 1024)
            #expect(host.precision == Card.hostPrecision)
        }
    }

    @Test(
        "chips without bf16, and unknown ones, are refused by name",
        arguments: [
            ("310", 8), ("310P3", 44), ("910A", 32), ("910ProB", 32), ("Ascend910", 32), ("910B", 32), ("950PR", 128), ("H200", 141),
        ])
    func refusedChips(_ chip: String, _ memory: Int) {
        guard case .refused(let reason) = Card.npu(0, chip: chip, memory: memory * gibibyte).support else {
            Issue.record("\(chip) is taken")
            return
        }
        #expect(reason.contains(chip))
    }

    // MARK: Support

    private func accelerators(_ environment: [String: String]) throws -> [Card] { try Discovery(environment: environment).inventory().accelerators }

    private func path(_ folder: URL) -> String { "\(folder.path):/usr/bin:/bin" }

    private func script(_ folder: URL, _ body: String) throws {
        let file = folder.appending(path: "npu-smi")
        try Data("#!/bin/sh\n\(body)\n".utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
    }

    private func script(_ folder: URL, printing name: String) throws {
        try script(folder, "[ \"$1\" = info ] && cat '\(fixtures.appending(path: "npu-smi/\(name).txt").path)'")
    }

    private func table(_ name: String) throws -> [Card] {
        try withFolder { folder in
            try script(folder, printing: name)
            return try accelerators(["PATH": path(folder)])
        }
    }
}

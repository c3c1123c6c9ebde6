import Devices
import Domain
import Foundation
import Tensor
import TensorAscend
import Testing

/// What a card is asked to keep of bits, and what is told where it keeps less. Each in a process of its own: CANN is loaded once.
@Suite struct DeterminismTests {
    @Test(
        "a card computes with the highest level that its CANN takes, and its numerics tell it; so does one that is asked for",
        arguments: [("8.1.RC1", 1), ("9.1.0", 2), ("9.2.0", 3)])
    func highest(release: String, level: Int) async {
        await #expect(processExitsWith: .success) { [release, level] in
            try StandIn.install(settings: ["RELEASE": release])
            let device = try AscendDevice(0, timeout: 60)
            #expect(device.determinism.rawValue == level)
            #expect(Numerics(DeviceGroup(device)).determinism == level)
            #expect("\(Numerics(DeviceGroup(device)))" == "bf16 Ascend910B3 CANN \(release), deterministic \(level)")
            #expect(DeviceReport(device).lines[0].hasSuffix(", deterministic \(level)"))
            #expect(try AscendDevice(0, determinism: .off, timeout: 60).determinism == .off)
        }
    }

    @Test("a level that CANN does not take is refused with those that it takes, also where it has none of the functions")
    func refused() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["RELEASE": "8.1.RC1"])
            expectRefusal(.positionIndependent, "npu:0: this CANN does not take --deterministic 2; it takes 0, 1")
        }
        await #expect(processExitsWith: .success) {
            try StandIn.install(without: "aclrtCtxSetSysParamOpt")
            let device = try AscendDevice(0, timeout: 60)
            #expect(device.determinism == .off && device.information.missing == ["aclrtCtxSetSysParamOpt"])
            expectRefusal(.repeatable, "npu:0: this CANN does not take --deterministic 1; it takes 0")
        }
    }

    /// The stand-in then sums a row by its place below level 2, and divides long sequences by the batch below level 3.
    @Test(
        "where sums depend on a row's place or its batch, just those rows are told whose bits differ; every fused operator is used all the same",
        arguments: [
            (0, ["equal rows 0 and 3", "row 3 alone and among 16", "attention to 2100 keys", "attention to 4200 keys"]),
            (2, ["attention to 2100 keys", "attention to 4200 keys"]), (3, []),
        ])
    func differences(level: Int, told: [String]) async {
        await #expect(processExitsWith: .success) { [level, told] in
            try StandIn.install(settings: ["RELEASE": "9.2.0", "ORDER_BY_PLACE": "1"])
            let device = try AscendDevice(0, determinism: DeterminismLevel(rawValue: level), timeout: 60, selfTest: .fullWithRows)
            let different = device.rowComparisons.filter { !$0.isEqual }
            #expect(different.count == told.count && zip(different, told).allSatisfy { $0.name.contains($1) }, "\(device.rowComparisons)")
            #expect(device.rowComparisons.count == 7 && device.rowComparisons.allSatisfy { $0.elements > 0 && $0.reason == nil })
            #expect(device.fallbacks.isEmpty, "\(device.fallbacks)")
            let lines = DeviceReport(device).lines.dropFirst()
            #expect(lines.count == max(told.count, 1) && told.allSatisfy { words in lines.contains { $0.contains(words) } }, "\(lines)")
        }
    }
}

private func expectRefusal(_ level: DeterminismLevel, _ message: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let error = #expect(throws: DeviceError.self, sourceLocation: sourceLocation) { _ = try AscendDevice(0, determinism: level, timeout: 60) }
    #expect(error?.kind == .unavailable && error?.message == message, sourceLocation: sourceLocation)
}

import Domain
import Foundation
import Testing

@Suite("Devices by name")
struct DeviceIDTests {
    @Test("a device prints as it is written", arguments: ["cpu", "npu:0", "npu:15"])
    func roundTrip(text: String) throws {
        let device = try #require(DeviceID(text))
        #expect(device.description == text)
        #expect(try JSONDecoder().decode([DeviceID].self, from: JSONEncoder().encode([device])) == [device])
    }

    @Test("anything else is no device", arguments: ["", "gpu:0", "npu", "npu:", "npu:-1", "npu:03", "npu:1024", "npu:1 ", "NPU:0", "cpu:0"])
    func refused(text: String) {
        #expect(DeviceID(text) == nil)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([DeviceID].self, from: JSONEncoder().encode([text])) }
    }

    @Test("a list keeps its order, and names no device twice")
    func lists() {
        #expect([DeviceID](list: "npu:3,npu:1") == [.npu(3), .npu(1)])
        #expect([DeviceID](list: "npu:3,npu:1")?.list == "npu:3,npu:1")
        #expect([DeviceID](list: "cpu") == [.cpu])
        for text in ["", "npu:1,", "npu:1,npu:1", "npu:1;npu:2", "npu:1, npu:2"] { #expect([DeviceID](list: text) == nil) }
    }

    @Test("a process numbers what it sees from 0, the machine does not")
    func visibleDevices() throws {
        let visible = try #require(VisibleDevices(environment: [VisibleDevices.variable: "2,5"]))
        #expect(visible.onMachine(.npu(1)) == .npu(5) && visible.onMachine(.npu(7)) == .npu(7) && visible.onMachine(.cpu) == .cpu)
        #expect(visible.inProcess(.npu(5)) == .npu(1) && visible.inProcess(.npu(1)) == nil && visible.inProcess(.cpu) == .cpu)
        #expect(VisibleDevices([.npu(5), .npu(2)]).environment == [VisibleDevices.variable: "2,5"])
        #expect(VisibleDevices([.cpu]).environment.isEmpty)
        let all = try #require(VisibleDevices(environment: [:]))
        #expect(all.onMachine(.npu(5)) == .npu(5) && all.inProcess(.npu(5)) == .npu(5))
    }

    @Test("a list that the runtime would refuse is refused", arguments: ["a", "1,0", "1,1", "1,,2", ","])
    func badVariable(list: String) { #expect(VisibleDevices(environment: [VisibleDevices.variable: list]) == nil) }
}

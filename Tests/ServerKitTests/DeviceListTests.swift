import ArgumentParser
import Domain
import ServerKit
import Testing

@Suite struct DeviceListTests {
    @Test("a list names different devices, the main one first")
    func reads() throws {
        #expect(try DeviceList.read("cpu").devices == [.cpu])
        #expect(try DeviceList.read("npu:1,npu:0").devices == [.npu(1), .npu(0)])
    }

    @Test("anything else is refused with what is expected", arguments: ["", "npu:0,", "npu:0,npu:0", "npu:0;npu:1", "gpu:0"])
    func refuses(text: String) {
        let error = #expect(throws: ValidationError.self) { try DeviceList.read(text) }
        #expect(error?.message == "\"\(text)\" is no device and no list of different devices: cpu or npu:N, such as npu:0, or npu:N,npu:M")
    }
}

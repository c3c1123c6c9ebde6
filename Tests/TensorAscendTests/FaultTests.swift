import Foundation
import Tensor
import TensorAscend
import Testing

/// Each in a process of its own, with a fault that the stand-in injects.
@Suite struct FaultTests {
    @Test("one failed allocation costs nothing: unused memory is given back and the device is asked again")
    func oneFailure() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["FAULT": "oom@1"])
            let device = try AscendDevice(0, timeout: 60)
            let values = (0..<5000).map(Float.init)
            let tensor = device.makeTensor(values, [5000])
            #expect(try device.floats(tensor) == values)
        }
    }

    @Test("a request that needs more memory than there is fails, and the next one runs")
    func outOfMemory() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["MEMORY": "\(256 << 20)"])
            let device = try AscendDevice(0, timeout: 60)
            let table = device.makeTensor([5, 6, 7, 8], [2, 2])
            let rows = device.makeTensor([2, 2], .f32)
            do {
                let large = device.makeTensor([1 << 28], .f32)
                device.embed([1, 0], table: table, into: rows)
                device.write(Array(repeating: 0, count: 16), to: device.makeTensor([16], .f32))
                #expect { try device.synchronize() } throws: { ($0 as? DeviceError)?.kind == .outOfMemory }
                // What it left behind computes nothing and says so.
                #expect { _ = try device.floats(large.prefix([4])) } throws: { ($0 as? DeviceError)?.kind == .outOfMemory }
            }
            device.embed([1, 0], table: table, into: rows)
            #expect(try device.floats(rows) == [7, 8, 5, 6])
        }
    }

    @Test(
        "a kernel fault and a vanished card show where the queue is waited for, and stay",
        arguments: ["kernel@%:507015", "kernel@%:507035", "lost@%:507010", "lost@%:507054"])
    func lost(fault: String) async {
        await #expect(processExitsWith: .success) { [fault] in
            try StandIn.install(settings: ["FAULT": fault.replacing("%", with: "\(FaultTests.afterStart)")])
            let device = try AscendDevice(0, timeout: 60)
            let tensor = device.makeTensor([1, 2, 3], [3])
            for _ in 0..<FaultTests.afterStart { device.activate(.silu, tensor, into: tensor) }
            for _ in 0..<2 {
                #expect { _ = try device.floats(tensor) } throws: { error in
                    guard let error = error as? DeviceError else { return false }
                    return error.kind == .lost && error.message.hasPrefix("npu:0: ")
                }
            }
        }
    }

    @Test("a stream that never ends is given up after the time-out")
    func stuck() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["FAULT": "stuck@\(FaultTests.afterStart)"])
            let device = try AscendDevice(0, timeout: 60)
            device.timeout = 1
            let tensor = device.makeTensor([1, 2, 3], [3])
            for _ in 0..<2 * FaultTests.afterStart { device.activate(.silu, tensor, into: tensor) }
            // Nor does the host go on for long meanwhile.
            #expect(try #require(device.hostCalls).launches < FaultTests.afterStart + 400)
            #expect { _ = try device.floats(tensor) } throws: { ($0 as? DeviceError)?.kind == .lost }
        }
    }

    /// An operator behind all that a start-up runs.
    static let afterStart = 3000
}

import Foundation
import Tensor
import TensorCPU
import Testing

/// What the kernels do where the system gives them no memory.
@Suite struct MemoryTests {
    @Test("an operation that gets no scratch memory ends the process and says how much it wanted")
    func scratch() async throws {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let device = CPUDevice(threads: 1)
            let rows = 1024, columns = 65536
            let x = device.makeTensor(Shape(rows, columns), .f32), y = device.makeTensor(Shape(rows, 16), .f32)
            let weight = device.makeTensor([Float](repeating: 0, count: 16 * columns), Shape(16, columns))
            // What is mapped may stay; the 145 MiB for packed rows are too many, also for what malloc holds in reserve.
            let mapped = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ").first.flatMap { UInt($0) } ?? 0
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
            limit.rlim_cur = rlim_t(mapped * UInt(getpagesize()) + (8 << 20))
            setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
            device.linear(x, MatrixWeight(weight), bias: nil, .store(.identity), into: y)
        }
        let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(said.contains("out of memory: ") && said.contains(" bytes for an operation's scratch memory"), "\(said)")
    }
}

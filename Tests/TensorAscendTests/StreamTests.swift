import Domain
import Devices
import Foundation
import Tensor
import TensorAscend
import TensorCPU
import Testing

extension OnDevice {
    @Suite struct StreamTests {
        @Test("a step that is run again plans and describes nothing: what is left are launches", arguments: Variant.allCases)
        func repeated(variant: Variant) throws {
            let device = try variant.device
            var noise = Noise(15)
            let (x, y) = (device.makeTensor(noise(20 * 64), [20, 64]), device.makeTensor([20, 64], .f32))
            let weight = device.place(hostWeight(noise(64 * 64), [64, 64], .bf16))
            let vector = device.makeTensor(noise(64), [64])
            func step() {
                device.rmsNorm(x, weight: vector, epsilon: 1e-5, into: y)
                device.linear(y, MatrixWeight(weight), bias: vector, .addGated(vector), into: x)
                device.attention(Attention(heads: 4, keyValueHeads: 4, headSize: 16, scale: 0.25), query: x, key: x, value: y, into: y)
            }
            func calls(_ body: () -> Void) throws -> HostCalls {
                let before = try #require(device.hostCalls)
                body()
                return try #require(device.hostCalls) - before
            }
            // Twice: the first step may cut memory below what earlier tests left free, which the second then uses instead.
            for _ in 0..<2 { step() }
            let again = try calls(step)
            #expect(again.plans == 0 && again.descriptors == 0 && again.launches > 3, "\(again)")
            try device.synchronize()
        }

        @Test("an input that several products share is rounded once, and again whenever anything has written to it", arguments: Variant.allCases)
        func derived(variant: Variant) throws {
            try expectAgreement(variant) { device in
                var noise = Noise(16)
                let x = device.makeTensor(noise(5 * 32), [5, 32])
                let (other, weight) = (device.makeTensor(noise(5 * 32), [5, 32]), device.place(hostWeight(noise(32 * 32), [32, 32], .bf16)))
                let (vector, angles, result) = (
                    device.makeTensor(noise(32), [32]), device.makeTensor(noise(5 * 8), [5, 8]), device.makeTensor([5, 32], .f32)
                )
                device.copy(other, to: result)
                let writers: [() -> Void] = [
                    { device.write([Float](repeating: 0.5, count: 5 * 32), to: x) }, { device.add(other, to: x) }, { device.copy(other, to: x) },
                    { device.rmsNorm(x, weight: vector, epsilon: 1e-5, into: x) }, { device.addRMSNorm(other, weight: vector, epsilon: 1e-5, to: x) },
                    { device.modulatedLayerNorm(x, scale: vector, shift: vector, epsilon: 1e-5, into: x) },
                    { device.headLayerNorm(x, headSize: 16, epsilon: 1e-5, rotatingEnd: nil) },
                    { device.rotate(x, headSize: 16, by: Rotation(.halves, cosine: angles, sine: angles)) },
                    { device.write((0..<40).map { Float($0) / 40 }, to: angles) },
                    { device.rotate(x, headSize: 16, by: Rotation(.halves, cosine: angles, sine: angles)) },
                    { device.gated(.gelu, gate: x, up: other, into: x) },
                    { device.activate(.silu, x, into: x) }, { device.embed([1, 0, 2, 1, 1], table: other, into: x) },
                    { device.scatter(other.rows(0..<2), rows: [4, 1], into: x) },
                    { device.linear(other, MatrixWeight(weight), bias: nil, .add, into: x) },
                    { device.linear(other, MatrixWeight(weight), bias: vector, .addGated(vector), into: x) },
                    {
                        device.attention(
                            Attention(heads: 2, keyValueHeads: 2, headSize: 16, scale: 0.2), query: other, key: other, value: other, into: x)
                    },
                    {
                        device.groupNorm(
                            other.reshaped([1, 5, 32]), groups: 4, weight: vector, bias: vector, epsilon: 1e-5, activation: .silu,
                            into: x.reshaped([1, 5, 32]))
                    },
                ]
                for write in writers {
                    device.linear(x, MatrixWeight(weight), bias: nil, .add, into: result)
                    write()
                    device.linear(x, MatrixWeight(weight), bias: nil, .add, into: result)
                }
                return try device.floats(result)
            }
            guard variant == .bf16 else { return }
            let device = try variant.device
            var noise = Noise(17)
            let (x, y) = (device.makeTensor(noise(64), [2, 32]), device.makeTensor([2, 32], .f32))
            let weight = device.place(hostWeight(noise(32 * 32), [32, 32], .bf16))
            device.linear(x, MatrixWeight(weight), bias: nil, .store(.identity), into: y)
            let before = try #require(device.hostCalls)
            device.linear(x, MatrixWeight(weight), bias: nil, .store(.identity), into: y)
            #expect((try #require(device.hostCalls) - before).launches == 2)
        }

        @Test("uploads larger than the ring, and many of them at once, arrive whole", arguments: [Variant.f32])
        func uploads(variant: Variant) throws {
            let device = try variant.device
            let count = 25 << 20
            let values = (0..<count).map { Float($0 & 0xffff) }
            let large = device.makeTensor(values, Shape(count))
            #expect(try device.floats(large) == values)
            let tensors = (0..<600).map { device.makeTensor([Float($0), Float(2 * $0)], [2]) }
            for (number, tensor) in tensors.enumerated() { #expect(try device.floats(tensor) == [Float(number), Float(2 * number)]) }
        }

        @Test("memory that comes back is used again: a loop's memory doesn't grow", arguments: [Variant.bf16])
        func reuse(variant: Variant) throws {
            let device = try variant.device
            func step() throws -> Float {
                let x = device.makeTensor([Float](repeating: 1, count: 300_000), [300, 1000])
                for _ in 0..<20 {
                    let y = device.makeTensor([300, 1000], .f32)
                    device.copy(x, to: y)
                    device.add(y, to: x)
                }
                return try device.floats(x)[299_999]
            }
            let before = try step()
            let held = device.reservedMemory
            for _ in 0..<10 { #expect(try step() == before) }
            #expect(before == Float(1 << 20) && device.reservedMemory == held)
        }

        @Test("tensors that other threads let go of come back whole")
        func threads() async throws {
            let device = try Variant.f32.device
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<50 {
                    let tensor = device.makeTensor([Float(number)], [1])
                    group.addTask { _ = tensor.shape }
                }
            }
            #expect(try device.floats(device.makeTensor([7], [1])) == [7])
        }

        @Test("a device that is made by its name has that name")
        func names() throws {
            #expect(try DeviceID.cpu.makeDevice(precision: .f32, threads: 1).name == "cpu")
        }
    }
}

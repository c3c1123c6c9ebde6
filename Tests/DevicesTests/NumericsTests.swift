import Devices
import Domain
import Tensor
import TensorCPU
import Testing

/// What a device says of how it computes.
@Suite struct NumericsTests {
    private static let kernels = KernelSet.allCases.filter(\.isAvailable)

    @Test("numerics tell the precision that the kernels compute in, whatever was asked for", arguments: kernels, PrecisionChoice.allCases)
    func told(kernels: KernelSet, choice: PrecisionChoice) throws {
        let device = try #require(try DeviceID.cpu.makeDevice(precision: choice, threads: 1, kernels: kernels) as? CPUDevice)
        let expected: Precision = choice == .f32 ? .f32 : kernels.nativePrecision
        #expect(device.precision == expected && device.cacheType == (expected == .bf16 ? .bf16 : .f32))
        #expect(Numerics(DeviceGroup(device)) == Numerics(precision: expected.rawValue, kernels: device.features))
    }

    @Test("numerics tell how passes are divided")
    func divided() throws {
        let devices = try DeviceGroup([.cpu], ranks: 2, threads: 2) { try $0.makeDevice(precision: .f32, threads: $1) }
        let features = try #require(devices.main as? CPUDevice).features
        #expect(Numerics(devices, dividing: .tensorParallel).kernels == "\(features)+tp2")
        #expect(Numerics(devices, dividing: .ulysses).kernels == "\(features)+ulysses2")
    }

    @Test("auto with the CPU's own kernels computes in what this machine multiplies natively")
    func best() throws {
        let device = try #require(try DeviceID.cpu.makeDevice(precision: .auto, threads: 1) as? CPUDevice)
        #expect(device.kernels == .best && device.precision == KernelSet.best.nativePrecision)
    }
}

import Tensor
import TensorCPU
import Testing

@Suite struct MatrixWeightTests {
    @Test("plain floating-point weights are multiplied", arguments: [DType.f32, .bf16, .f16])
    func plain(dtype: DType) throws {
        let device = CPUDevice(threads: 1)
        try device.check(MatrixWeight(device.makeTensor([4, 8], dtype)), named: "lm_head.weight")
    }

    @Test("a weight in a form that a device can't multiply is refused with its name, form and shape")
    func refused() {
        let device = CPUDevice(threads: 1)
        let weight = MatrixWeight(device.makeTensor([4, 8], .u8), scales: device.makeTensor([4], .f32))
        #expect(weight.byteCount == 4 * 8 + 4 * 4)
        let error = #expect(throws: DeviceError.self) { try device.check(weight, named: "lm_head.weight") }
        #expect(error?.message == "cpu multiplies no weights of the form u8 with scales: lm_head.weight [4, 8]")
        #expect(error?.kind == .unavailable)
    }

    @Test("a product with such a weight ends the program instead of computing nonsense")
    func traps() async {
        await #expect(processExitsWith: .failure) {
            let device = CPUDevice(threads: 1)
            let weight = MatrixWeight(device.makeTensor([4, 8], .u8), scales: device.makeTensor([4], .f32))
            device.linear(device.makeTensor([1, 8], .f32), weight, bias: nil, .store(.identity), into: device.makeTensor([1, 4], .f32))
        }
    }
}

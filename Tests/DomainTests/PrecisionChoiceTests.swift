import Domain
import Testing

@Suite struct PrecisionChoiceTests {
    @Test(
        "auto is bf16 where the device multiplies it natively and f32 elsewhere; f32 is f32 anywhere; bf16 is never emulated",
        arguments: [
            (PrecisionChoice.auto, Precision.bf16, Precision.bf16), (.auto, .f32, .f32), (.f32, .bf16, .f32), (.f32, .f32, .f32),
            (.bf16, .bf16, .bf16), (.bf16, .f32, .f32),
        ])
    func resolved(choice: PrecisionChoice, native: Precision, expected: Precision) {
        #expect(choice.precision(native: native) == expected)
    }
}

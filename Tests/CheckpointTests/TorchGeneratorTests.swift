import Checkpoint
import Foundation
import Tensor
import Testing

@Suite struct TorchGeneratorTests {
    @Test("the numbers are torch.randn's for every size and seed, also of a second draw")
    func randn() throws {
        let file = try SafetensorsFile(fixtures.appending(path: "randn.safetensors"))
        for name in file.names {
            let expected = try file.tensor(name).hostFloats()
            let parts = name.split(separator: ".")
            var generator = TorchGenerator(seed: try #require(UInt64(parts[1])))
            if parts[2] == "again" { _ = generator.normal(count: 5) }
            let numbers = generator.normal(count: expected.count)
            // The platform's log and cosine differ from torch's vector code in the last digit.
            #expect(zip(numbers, expected).allSatisfy { abs($0 - $1) <= 1e-6 }, "\(name)")
        }
    }

    @Test("no numbers are no draw")
    func none() {
        var first = TorchGenerator(seed: 1)
        var second = TorchGenerator(seed: 1)
        #expect(first.normal(count: 0).isEmpty)
        #expect(first.normal(count: 20) == second.normal(count: 20))
    }
}

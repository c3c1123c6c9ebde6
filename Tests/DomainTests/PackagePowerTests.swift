import Domain
import Testing

struct PackagePowerTests {
    @Test("dies that tell the same tell their package's power, which counts once; dies that differ tell their own; one die tells the package's")
    func once() {
        var power = PackagePower()
        #expect(power.read([180.5, 180.5]) == 180.5 && power.isOfPackage)
        power = PackagePower()
        #expect(power.read([90, 100]) == 190 && !power.isOfPackage)
        power = PackagePower()
        #expect(power.read([91.3]) == 91.3 && power.isOfPackage)
        #expect(power.read([]) == nil)
    }

    @Test("one reading against most of the others decides nothing, and no more than the last hundred are remembered")
    func most() {
        var power = PackagePower()
        for _ in 0..<1000 { _ = power.read([200, 200]) }
        #expect(power.read([200, 201]) == 201)
        for _ in 0..<50 { _ = power.read([90, 100]) }
        #expect(power.read([90, 100]) == 190)
    }
}

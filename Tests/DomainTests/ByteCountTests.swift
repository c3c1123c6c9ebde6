import Domain
import Testing

@Suite("Amounts of memory")
struct ByteCountTests {
    @Test(
        "binary and decimal units are read",
        arguments: [("512MiB", 512 << 20), ("4GiB", 4 << 30), ("1KiB", 1024), ("64 GB", 64_000_000_000), ("1.5GiB", 3 << 29), ("10MB", 10_000_000)])
    func parses(text: String, bytes: Int) { #expect(ByteCount(text)?.bytes == bytes) }

    @Test(
        "no unit, no number, nothing, or too much is refused",
        arguments: ["", "64", "GiB", "-1GiB", "0MiB", "nanGiB", "1e30GiB", "1048577GiB", "0.0001KiB", "64gib", "1TiB"])
    func refused(text: String) { #expect(ByteCount(text) == nil) }

    @Test("amounts that nobody has checked are added up to the most that fits")
    func sums() {
        #expect(ByteCount.sum([1, 2]) == 3)
        #expect(ByteCount.sum([.max, 1]) == .max)
    }

    @Test("a number of any size is printed rounded", arguments: [(2.5, "3"), (1e300, "1e+300"), (-.infinity, "-inf"), (.nan, "nan")])
    func rounded(value: Double, text: String) { #expect(value.roundedText == text) }

    @Test("printed to a tenth of the larger unit, and as a flag in whole mebibytes")
    func prints() {
        #expect(ByteCount(19_005_441_999).description == "17.7 GiB")
        #expect(ByteCount(3_355_443).description == "3.2 MiB")
        #expect(ByteCount((5 << 20) + 1).flag == "6MiB" && ByteCount(0).flag == "1MiB")
    }
}

import GLMImage
import Tensor
import TensorCPU
import Testing

/// What ranks agree on where each has found something else.
@Suite struct RankAverageTests {
    /// What each rank gets of the values of all.
    private func averages(_ values: [[Float]], _ span: (Int) -> SequenceSpan) throws -> [[Float]] {
        let side = CPUCommunicator.group(values.count, timeout: 60).map { DeviceGroup.Rank(CPUDevice(threads: 1), $0) }
        return try RankThreads(side).each { (rank) throws(any Error) in
            let device = side[rank].device, communicator = try #require(side[rank].communicator)
            let average = RankAverage(communicator, span(rank), count: values[rank].count, on: device)
            return try average(device.makeTensor(values[rank], Shape(values[rank].count)))
        }
    }

    @Test("where ranks divide rows each counts by its rows of the image; one that has none counts nothing")
    func rows() throws {
        // Three rows each, the first's are text.
        let found = try averages([[.nan, .nan], [1, 10], [3, 30]]) { SequenceSpan(text: 3, image: 6, rank: $0, of: 3) }
        #expect(found == Array(repeating: [2, 20], count: 3))
        // Two rows of eight, and six.
        let uneven = try averages([[1], [4]]) { SequenceSpan(text: 4, image: 8, rank: $0, of: 2) }
        #expect(uneven == [[3.25], [3.25]])
    }

    @Test("where every rank has all rows each counts alike, so that all decide alike although their cards differ", arguments: [2, 4])
    func all(ranks: Int) throws {
        let values = (0..<ranks).map { [Float($0), 2 * Float($0)] }, mean = Float(ranks - 1) / 2
        let found = try averages(values) { _ in SequenceSpan(text: 2, image: 7, rank: 0, of: 1) }
        #expect(found == Array(repeating: [mean, 2 * mean], count: ranks))
    }
}

import Decoding
import Domain
import GLMImage
import Testing

@Suite struct PositionPlanTests {
    private let start: Int32 = 100, end: Int32 = 101, image: Int32 = 102

    @Test("text runs on all axes, then preview and target rasters advance by their longer side")
    func textToImage() {
        let plan = PositionPlan(
            ids: [1, 2, start], sources: [], targets: [GridSize(height: 2, width: 3), GridSize(height: 1, width: 2)], imageStart: start, imageEnd: end
        )
        #expect(plan.prompt == (0..<3).map { RotaryPosition(text: $0) })
        #expect(plan.generated.count == 6 + 2 + 1)
        #expect(plan.generated[0] == RotaryPosition(temporal: 3, height: 3, width: 3))
        #expect(plan.generated[5] == RotaryPosition(temporal: 3, height: 4, width: 5))
        #expect(plan.generated[6] == RotaryPosition(temporal: 6, height: 6, width: 6))
        #expect(plan.generated[8] == RotaryPosition(text: 8))
    }

    @Test("each source raster stands where its start token leads, and text goes on after its longer side")
    func imageToImage() {
        let ids: [Int32] = [start, image, image, end, start, image, end, 7, start]
        let plan = PositionPlan(
            ids: ids, sources: [GridSize(height: 1, width: 2), GridSize(height: 1, width: 1)], targets: [GridSize(height: 1, width: 1)],
            imageStart: start,
            imageEnd: end)
        #expect(plan.prompt.map(\.temporal) == [0, 1, 1, 3, 4, 5, 6, 7, 8])
        #expect(plan.prompt.map(\.width) == [0, 1, 2, 3, 4, 5, 6, 7, 8])
        #expect(plan.generated.map(\.temporal) == [9, 10])
    }
}

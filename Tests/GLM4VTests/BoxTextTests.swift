import Domain
import GLM4V
import Testing

@Suite struct BoxTextTests {
    @Test("a box, and a list of boxes, are read whatever white space stands in them")
    func boxes() {
        #expect(BoxText.boxes("[[1,2,3,4],[0, 0, 1000, 1000]]").map(\.coordinates) == [[1, 2, 3, 4], [0, 0, 1000, 1000]])
        #expect(BoxText.boxes(" [10, 20,\n30, 40] ").map(\.coordinates) == [[10, 20, 30, 40]])
    }

    @Test(
        "other text between box marks is no box",
        arguments: [
            "", "7", "[", "[]", "[[]]", "[[1,2,3]]", "[1,2,3,4,5]", "[1,2,3,1001]", "[-1,2,3,4]", "[[1,2,3,4]", "[1,2,3,4] cat", "[[1,2,3,4],]",
            "[99999999999999999999,0,0,0]",
        ])
    func others(text: String) {
        #expect(BoxText.boxes(text).isEmpty)
    }
}

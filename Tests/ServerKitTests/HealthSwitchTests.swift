import ServerKit
import Testing
import Wire

@Suite struct HealthSwitchTests {
    @Test("a server serves while it takes work and is fit for it, whichever comes or goes first")
    func both() {
        let board = HealthBoard(services: ["s"]), health = HealthSwitch()
        health.isFit = false
        health.takesWork = true
        health.connect(board)
        #expect(board.status(of: "") == .notServing && board.status(of: "s") == .notServing)
        health.isFit = true
        #expect(board.status(of: "") == .serving && board.status(of: "s") == .serving)
        health.isFit = false
        #expect(board.status(of: "") == .notServing)
        health.isFit = true
        health.takesWork = false
        #expect(board.status(of: "s") == .notServing)
    }
}

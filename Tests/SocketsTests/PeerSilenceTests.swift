import NIOCore
import Sockets
import Testing

@Suite struct PeerSilenceTests {
    private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(1_000_000_000_000) + .seconds(seconds) }

    @Test("a peer of which nothing is asked owes nothing, however long it says nothing")
    func idle() {
        var silence = PeerSilence()
        #expect(silence.read(isAsked: false, sinceAnswer: .hours(1), now: at(0)) == .zero)
        // The first bytes after an hour have just been sent.
        #expect(silence.read(isAsked: true, sinceAnswer: .hours(1), now: at(1)) == .zero)
        #expect(silence.read(isAsked: false, sinceAnswer: .milliseconds(3), now: at(2)) == .zero)
    }

    @Test("the silence of a peer that is asked grows until it answers, and then begins anew")
    func asked() {
        var silence = PeerSilence()
        let reads = (0...5).map { silence.read(isAsked: true, sinceAnswer: .seconds(100 + $0), now: at($0)) }
        #expect(reads == (0...5).map(TimeAmount.seconds))
        // It has answered a part, and is asked for the rest: a slow link, or a window of 0.
        #expect(silence.read(isAsked: true, sinceAnswer: .seconds(2), now: at(9)) == .seconds(2))
        #expect(silence.read(isAsked: true, sinceAnswer: .seconds(3), now: at(10)) == .seconds(3))
    }

    @Test("what was asked and answered in between is not one silence")
    func apart() {
        var silence = PeerSilence()
        _ = silence.read(isAsked: true, sinceAnswer: .seconds(5), now: at(0))
        _ = silence.read(isAsked: false, sinceAnswer: .zero, now: at(4))
        #expect(silence.read(isAsked: true, sinceAnswer: .seconds(4), now: at(8)) == .zero)
    }
}

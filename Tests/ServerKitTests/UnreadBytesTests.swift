import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP2
import ServerKit
import Synchronization
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct UnreadBytesTests {
    @Test("the answers that have waited longest are given up once later ones need the room, each once; the others stay")
    func oldest() {
        let unread = UnreadBytes(limit: 10)
        let givenUp = Mutex<[Int]>([])
        let tickets = [4, 5, 8].map { bytes in unread.enter(bytes) { givenUp.withLock { $0.append(bytes) } } }
        #expect(givenUp.withLock { $0 } == [4, 5])
        #expect(unread.sum == 8)
        #expect(tickets.map(unread.leave) == [true, true, false])
        #expect(unread.sum == 0)
    }

    @Test("an answer that is larger than all that may wait waits alone")
    func large() {
        let unread = UnreadBytes(limit: 10)
        let ticket = unread.enter(50) { Issue.record("nothing needs the room") }
        #expect(unread.sum == 50 && !unread.leave(ticket))
    }

    @Test("who has not taken an answer that is given up hears why")
    func refusal() async throws {
        let unread = UnreadBytes(limit: 10)
        let call = Task { try await unread.sending(4) { try await Task.sleep(for: .seconds(3600)) } }
        while unread.sum < 4 { await Task.yield() }
        try await unread.sending(7) {}
        await #expect(
            throws: CallError(.resourceExhausted, "the answer was not taken, and the room was needed: at most 10 bytes of answers wait")
        ) { try await call.value }
        #expect(unread.sum == 0)
    }

    @Test("an answer that can't be sent, or whose caller leaves, fails with that, and counts no more")
    func failure() async throws {
        let unread = UnreadBytes(limit: 10)
        let gone = CallError(.cancelled, "the caller has left")
        await #expect(throws: gone) { try await unread.sending(1) { throw gone } }
        let call = Task { try await unread.sending(1) { try await Task.sleep(for: .seconds(3600)) } }
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
        #expect(unread.sum == 0)
    }

    @Test("bytes that a stream has handed over count until they are sent; a stream whose peer takes none is closed when another needs the room")
    func streams() throws {
        let unread = UnreadBytes(limit: 10)
        let rules = RequestRules(services: [], unread: unread, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let streams = try (0..<3).map { _ in
            let stream = EmbeddedChannel(handler: RequestGuard(rules: rules, caller: .none))
            try stream.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            return stream
        }
        func write(_ count: Int, to stream: EmbeddedChannel) {
            stream.write(HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(ByteBuffer(repeating: 7, count: count)))), promise: nil)
        }
        write(4, to: streams[0])
        write(6, to: streams[1])
        #expect(unread.sum == 10)
        // Sent.
        streams[1].flush()
        #expect(unread.sum == 4)
        write(7, to: streams[2])
        #expect(streams.map(\.isActive) == [false, true, true])
        #expect(unread.sum == 7)
        for stream in streams { stream.flush() }
        #expect(unread.sum == 0)
    }
}

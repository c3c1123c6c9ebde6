import Hummingbird
import HTTPTypes
import NIOCore
import HTTPServing

/// Server-sent events as OpenAI's clients read them: `event:` and `data:`, comments between; never an `id:` or a lone `retry:`, which end them.
package enum EventStream {
    package enum Line: Sendable, Hashable {
        /// - Parameter name: of the event; nil: it has none.
        case event(name: String?, JSONValue)
        /// Nothing that a client shows: it tells people, and that the connection lives.
        case comment(String)
        /// `data: [DONE]`
        case done
    }

    /// Between two lines, when nothing else is to be said.
    static let silence = Duration.seconds(10)

    static func bytes(_ line: Line) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        switch line {
        case .event(let name, let value):
            if let name { buffer.writeString("event: \(name)\n") }
            buffer.writeString("data: ")
            buffer.writeBytes(try value.encoded())
            buffer.writeString("\n\n")
        case .comment(let text): buffer.writeString(": \(text)\n\n")
        case .done: buffer.writeString("data: [DONE]\n\n")
        }
        return buffer
    }

    /// Writes what `work` says, and a comment after each silence. The work ends with its client.
    /// - Parameter work: its error becomes the last event.
    static func response(
        to peer: Peer, headers: HTTPFields, _ work: AsyncThrowingStream<Line, any Error>, fields: Set<String>
    ) -> Response {
        var headers = headers
        headers[.contentType] = "text/event-stream"
        headers[.cacheControl] = "no-store"
        headers[HTTPField.Name("x-accel-buffering")!] = "no"
        let (lines, continuation) = withKeepAlive(work)
        let watch = peer.onDeparture { continuation.finish(throwing: CancellationError()) }
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                defer { watch.end() }
                do {
                    for try await line in lines { try await writer.write(bytes(line)) }
                } catch let error where !(error is CancellationError) && !(error is ChannelError) {
                    try await writer.write(bytes(.event(name: "error", APIError(any: error, fields: fields).body)))
                }
                try await writer.finish(nil)
            })
    }

    /// The same lines, with a comment wherever nothing came for ``silence``.
    private static func withKeepAlive(
        _ work: AsyncThrowingStream<Line, any Error>
    ) -> (AsyncThrowingStream<Line, any Error>, AsyncThrowingStream<Line, any Error>.Continuation) {
        let (lines, continuation) = AsyncThrowingStream<Line, any Error>.makeStream()
        let both = Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    do {
                        for try await line in work { continuation.yield(line) }
                        continuation.finish()
                    } catch {
                        continuation.finish(throwing: error)
                    }
                }
                group.addTask {
                    while (try? await Task.sleep(for: silence)) != nil { continuation.yield(.comment("still at work")) }
                }
                await group.next()
                group.cancelAll()
            }
        }
        continuation.onTermination = { _ in both.cancel() }
        return (lines, continuation)
    }
}

package import GRPCNIOTransportHTTP2Posix

/// HTTP/2 settings that both ends of a connection share. Measured on Unix sockets: with the library's own settings a message of 1 MiB
/// takes ten times as long.
private enum HTTP2Settings {
    /// Flow control window in bytes.
    static let windowSize = 8 << 20
    /// Largest frame in bytes.
    static let frameSize = 1 << 20
}

extension HTTP2ClientTransport.Posix.Config {
    package static var tuned: Self {
        .defaults { config in
            config.connection.flushCoalescing = nil
            config.http2.targetWindowSize = HTTP2Settings.windowSize
            config.http2.maxFrameSize = HTTP2Settings.frameSize
            // A stage that restarts on this host is back in well under a second.
            config.backoff.initial = .milliseconds(50)
            config.backoff.max = .seconds(1)
            // A peer that hangs with a call under way is found dead within 40 s; a Unix socket shows a crash at once.
            config.connection.keepalive = .init(time: .seconds(30), timeout: .seconds(10), allowWithoutCalls: false)
        }
    }
}

extension HTTP2ServerTransport.Posix.Config {
    /// - Parameter requestLimit: bytes of the largest request of all services.
    package static func tuned(requestLimit: Int) -> Self {
        .defaults { config in
            config.connection.flushCoalescing = nil
            config.http2.targetWindowSize = HTTP2Settings.windowSize
            config.http2.maxFrameSize = HTTP2Settings.frameSize
            // The transport resets the stream without a message above this; well above the limit that is refused with numbers.
            config.rpc.maxRequestPayloadSize = max(4 * requestLimit, 4 << 20)
        }
    }
}

package import GRPCNIOTransportHTTP2Posix

/// Settings of HTTP/2 that both ends of a connection share. Measured on Unix sockets: with the library's own settings a message of 1 MiB
/// takes ten times as long.
package enum HTTP2Tuning {
    /// Flow control window in bytes.
    package static let windowSize = 8 << 20
    /// Largest frame in bytes.
    package static let frameSize = 1 << 20
}

extension HTTP2ClientTransport.Posix.Config {
    package static var tuned: Self {
        .defaults { config in
            config.connection.flushCoalescing = nil
            config.http2.targetWindowSize = HTTP2Tuning.windowSize
            config.http2.maxFrameSize = HTTP2Tuning.frameSize
            // A stage that restarts on this host is back in well under a second.
            config.backoff.initial = .milliseconds(50)
            config.backoff.max = .seconds(1)
            // A process that hangs is found dead within 40 s; what waits before a ping may take its time on a slow link. A Unix socket shows
            // a crash at once, and of a host that is gone the connection tells (`VanishedPeer`). Without calls, too: the library stops its timer when
            // the last call has ended, and no call begins it again.
            config.connection.keepalive = .init(time: .seconds(10), timeout: .seconds(30), allowWithoutCalls: true)
        }
    }
}

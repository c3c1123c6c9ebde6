import Foundation
import NIOCore
import NIOSSL

/// Why a client and a server don't get to speak TLS, in words for a person. The library says it in the names of BoringSSL.
enum HandshakeFailure {
    /// - Parameter certificate: the server's, where it was received.
    static func words(_ error: any Error, _ certificate: NIOSSLCertificate?, host: String, now: Date = .now) -> String {
        switch error {
        case is HandshakeTimeout: return "it has not answered the TLS handshake within \(HandshakeWatch.limit.nanoseconds / 1_000_000_000) s"
        case let error as NIOSSLExtraError where [.failedToValidateHostname, .serverHostnameImpossibleToMatch].contains(error):
            return "its certificate is not for \(host)"
        default: break
        }
        let text = "\(error)"
        func says(_ reasons: String...) -> Bool { reasons.contains { text.contains($0) } }
        if says("CERTIFICATE_VERIFY_FAILED") { return words(certificate, now) }
        if says("WRONG_VERSION_NUMBER", "HTTP_REQUEST") { return "it does not speak TLS; without it, its address has no https://" }
        if says("CERTIFICATE_REQUIRED") { return "it asks for a client certificate, and there is none" }
        if says("ALERT_UNKNOWN_CA", "ALERT_BAD_CERTIFICATE", "ALERT_CERTIFICATE", "ALERT_UNSUPPORTED_CERTIFICATE") {
            return "it refuses this side's client certificate"
        }
        if says("EOF during handshake") { return "it has closed the connection within the TLS handshake" }
        return "the TLS handshake failed"
    }

    private static func words(_ certificate: NIOSSLCertificate?, _ now: Date) -> String {
        if let certificate {
            let begin = Date(timeIntervalSince1970: TimeInterval(certificate.notValidBefore))
            let end = Date(timeIntervalSince1970: TimeInterval(certificate.notValidAfter))
            if end < now { return "its certificate expired at \(end.formatted(.iso8601))" }
            if begin > now { return "its certificate is not valid before \(begin.formatted(.iso8601))" }
        }
        return "its certificate was issued by nobody who is trusted here"
    }
}

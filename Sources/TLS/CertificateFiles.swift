import Foundation
public import Logging
import NIOCertificateReloading
import NIOSSL
import Synchronization

/// The certificate of this process, with those that vouch for it, and its private key: two files, read again while it runs.
///
/// New files serve the next handshakes; connections that are there keep theirs. Files that can't be used, half of a new pair included, are told
/// in the log, and the last good pair stays.
public final class CertificateFiles: Sendable {
    /// Between two looks at the files.
    private static let interval = Duration.seconds(5)

    let reloader: TimedCertificateReloader

    /// - Parameters:
    ///   - certificate: path of a PEM file: the process's own first, then those that signed it, without the root.
    ///   - key: path of a PEM file that others may not read.
    public init(certificate: String, key: String, logger: Logger) throws(TLSError) {
        // The problem that was told last.
        let told = Mutex("")
        let configuration = TimedCertificateReloader.Configuration(
            refreshInterval: Self.interval,
            certificateSource: .init(location: .memory { try PEMFile.read(certificate) }, format: .pem),
            privateKeySource: .init(location: .memory { try PEMFile.readKey(key) }, format: .pem)
        ) {
            $0.onCertificateLoaded = { change in
                told.withLock { $0 = "" }
                guard change.previousCertificateChain != change.currentCertificateChain else { return }
                let end = Self.end(of: change.currentCertificateChain)
                let metadata: Logger.Metadata = ["file": "\(certificate)", "valid_until": "\(end.formatted(.iso8601))"]
                if end < .now { logger.warning("TLS certificate has expired", metadata: metadata) }
                logger.notice("TLS certificate is in use", metadata: metadata)
            }
            $0.onCertificateLoadFailed = { failure in
                let problem = Self.words(failure.error, certificate, key)
                let isNews = told.withLock { last in
                    defer { last = problem }
                    return last != problem
                }
                if isNews { logger.error("TLS certificate can't be used; the last good one stays", metadata: ["problem": "\(problem)"]) }
            }
        }
        do {
            reloader = try TimedCertificateReloader.makeReloaderValidatingSources(configuration: configuration)
        } catch {
            throw error as? TLSError ?? TLSError(.invalid, Self.words(error, certificate, key))
        }
    }

    /// Looks at the files until the task is cancelled.
    public func run() async { try? await reloader.run() }

    private static func words(_ error: any Error, _ certificate: String, _ key: String) -> String {
        switch error {
        case let error as TLSError: error.message
        case let error as TimedCertificateReloader.Error where error == .publicKeyMismatch:
            "\(key) is not the private key of the certificate in \(certificate)"
        default: "\(certificate) and \(key) are no certificate and private key in PEM"
        }
    }

    private static func end(of chain: [NIOSSLCertificateSource]) -> Date {
        guard case .certificate(let certificate)? = chain.first else { return .distantFuture }
        return Date(timeIntervalSince1970: TimeInterval(certificate.notValidAfter))
    }
}

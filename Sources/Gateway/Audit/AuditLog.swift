import Files
import Foundation
package import Logging
import ServerKit

/// The file of who asked for what. A record is there before its caller has the answer, or waits in memory while the disk fails.
///
/// On a thread of its own: a slow disk takes none of those that serve.
package actor AuditLog {
    private let thread = ComputeThread(name: "audit")
    private let file: RotatedFile
    private let logger: Logger
    private var waiting: [[UInt8]] = []
    /// Records that found no room in memory either.
    private var lost = 0
    private var isRetrying = false
    /// Why nothing can be written now; nil while all is well.
    package private(set) var problem: String?

    /// Lines that wait, at most; a line has at most some tens of kilobytes.
    private static let mostWaiting = 1000
    private static let pause = Duration.seconds(1)

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// - Throws: why nothing can be written there, before anything is served.
    package init(_ options: AuditOptions, logger: Logger) throws {
        file = RotatedFile(options.path, limit: options.fileBytes, kept: options.files)
        self.logger = logger
        try file.prepare()
    }

    deinit { thread.stop() }

    /// Never fails and never waits for a disk that fails: that is told as ``problem``, and tried again.
    package func write(_ record: AuditRecord) {
        waiting.append(record.line)
        if waiting.count > Self.mostWaiting {
            waiting.removeFirst()
            lost += 1
        }
        flush()
        guard problem != nil, !isRetrying else { return }
        isRetrying = true
        Task { await retry() }
    }

    private func flush() {
        do {
            while let line = waiting.first {
                try file.append(line)
                waiting.removeFirst()
            }
        } catch {
            if problem == nil {
                logger.error("the audit log can't be written; requests go on, and records wait in memory", metadata: ["problem": "\(error)"])
            }
            problem = "the audit log can't be written: \(error.code == 0 ? "no regular file" : String(cString: strerror(error.code)))"
            return
        }
        guard problem != nil else { return }
        logger.notice("the audit log is written again", metadata: ["lost records": "\(lost)"])
        (problem, lost) = (nil, 0)
    }

    private func retry() async {
        while problem != nil {
            try? await Task.sleep(for: Self.pause)
            flush()
        }
        isRetrying = false
    }
}

import Foundation
import Terminal
import Wire

/// Jobs as a table and as JSON.
enum JobReport {
    struct Row: Encodable {
        let id, state, prompt, submitted: String
        let ended, error: String?
        let attempts: Int
    }

    static func table(_ jobs: [Job]) -> String {
        let lines = jobs.map { [$0.id, state($0), time($0.submittedMs), $0.prompt] }
        return TextTable.lines([["job", "state", "submitted", "prompt"]] + lines).joined(separator: "\n")
    }

    static func rows(_ jobs: [Job]) -> [Row] {
        jobs.map {
            Row(
                id: $0.id, state: name($0.state), prompt: $0.prompt, submitted: time($0.submittedMs), ended: $0.endedMs > 0 ? time($0.endedMs) : nil,
                error: $0.failure?.message, attempts: $0.attempts)
        }
    }

    /// `running, text 12/321`, `failed: …`
    static func state(_ job: Job) -> String {
        if let progress = job.progress, job.state == .running { return "running, \(progress.stage) \(progress.done)/\(progress.total)" }
        if let error = job.failure { return "\(name(job.state)): \(error.message)" }
        return name(job.state)
    }

    private static func name(_ state: JobState) -> String {
        switch state {
        case .queued: "queued"
        case .running: "running"
        case .done: "done"
        case .failed: "failed"
        case .cancelled: "cancelled"
        case .unspecified: "unknown"
        }
    }

    private static func time(_ milliseconds: Int) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(.iso8601)
    }
}

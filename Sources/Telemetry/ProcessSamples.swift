import Foundation

/// What the kernel knows of this process, under the names that Prometheus's own client libraries give it.
///
/// Reference: https://prometheus.io/docs/instrumenting/writing_clientlibs/ (process metrics).
public enum ProcessSamples {
    /// What can't be read is left out.
    public static func now() -> [Sample] {
        let samples = of(
            stat: read("/proc/self/stat"), boot: read("/proc/stat"), ticks: Double(sysconf(Int32(_SC_CLK_TCK))),
            page: Double(sysconf(Int32(_SC_PAGESIZE))))
        var limit = rlimit()
        let mostOpen = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? Double(limit.rlim_cur) : nil
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")).map { Double($0.count) }
        return samples
            + [
                open.map { Sample("process_open_fds", "Open file descriptors.", .gauge, $0) },
                mostOpen.map { Sample("process_max_fds", "The most that may be open.", .gauge, $0) },
            ].compactMap(\.self)
    }

    /// - Parameters:
    ///   - stat: `/proc/self/stat`.
    ///   - boot: `/proc/stat`, for when the machine was started.
    ///   - ticks: of the kernel's clock in a second.
    ///   - page: bytes.
    package static func of(stat: String, boot: String, ticks: Double, page: Double) -> [Sample] {
        // The program's name, in parentheses, may hold anything; the third field comes behind it.
        guard let end = stat.lastIndex(of: ")") else { return [] }
        let fields = stat[stat.index(after: end)...].split(separator: " ").map { Double($0) }
        /// As proc(5) counts them.
        func field(_ number: Int) -> Double? { fields.indices.contains(number - 3) ? fields[number - 3] : nil }
        let booted = boot.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
        var samples: [Sample] = []
        if let user = field(14), let system = field(15) {
            samples.append(Sample("process_cpu_seconds_total", "Processor time, of user and system.", .counter, (user + system) / ticks))
        }
        if let threads = field(20) { samples.append(Sample("process_threads", "Threads.", .gauge, threads)) }
        if let start = field(22), let booted {
            samples.append(Sample("process_start_time_seconds", "When the process was started, since 1970.", .gauge, booted + start / ticks))
        }
        if let virtual = field(23) { samples.append(Sample("process_virtual_memory_bytes", "Address space.", .gauge, virtual)) }
        if let resident = field(24) {
            samples.append(Sample("process_resident_memory_bytes", "Memory that is held, file maps included.", .gauge, resident * page))
        }
        return samples
    }

    private static func read(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
}

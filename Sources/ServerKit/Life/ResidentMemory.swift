import Foundation

/// What this process holds of the host's memory.
enum ResidentMemory {
    /// Resident bytes, file maps included; 0 where the system does not tell.
    static func bytes() -> Int {
        // The second number of statm counts resident pages.
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
    }
}

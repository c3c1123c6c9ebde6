import CPostgres
public import Jobs

/// Where a database is: `postgres://USER@HOST:PORT/DATABASE`, with the parameters that libpq knows. What is left out is libpq's to find: in
/// its variables of the environment, and passwords in `~/.pgpass`.
public struct PostgresAddress: Sendable, Hashable, CustomStringConvertible {
    let url: String
    /// For messages: nothing secret is in it.
    public let description: String

    /// - Throws: `invalid`, for what libpq can't read, and for a password: every user of a host can read the flags of its processes.
    public init(parsing url: String) throws(JobsError) {
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else {
            throw JobsError(.invalid, "\"\(url.prefix(16))\" is no address as in postgres://USER@HOST/DATABASE")
        }
        var problem: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(url, &problem) else {
            defer { PQfreemem(problem) }
            throw JobsError(.invalid, problem.map { String(cString: $0).trimmed } ?? "no memory")
        }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        guard values["password"] == nil else {
            throw JobsError(
                .invalid, "there is a password in the address, where every user of this host can read it; put it into ~/.pgpass or PGPASSWORD")
        }
        self.url = url
        let host = values["host"] ?? values["hostaddr"] ?? "PGHOST"
        description = "PostgreSQL at \(host)\(values["port"].map { ":\($0)" } ?? ""), database \(values["dbname"] ?? values["user"] ?? "PGDATABASE")"
    }
}

extension String {
    /// On one line, as messages are here.
    var trimmed: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}

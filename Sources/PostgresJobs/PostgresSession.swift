import CPostgres
package import Jobs

/// An open connection. It is used by one thread at a time, and closed when nobody has it any more.
package final class PostgresSession {
    private let address: PostgresAddress
    let connection: OpaquePointer
    private var prepared: Set<String> = []
    /// No answer can come over it any more.
    private(set) var isBroken = false
    /// The last statement was undone because of another one at the same time, and can succeed if it is tried again.
    private(set) var hasCollided = false

    /// For a connection.
    private static let connectTime = Duration.seconds(5)
    /// For the answer to a small statement.
    private static let patience = Duration.seconds(10)
    /// Large values get more of it, as if they went at least so fast.
    private static let bytesPerSecond = 1 << 20

    /// Connects, within ``connectTime``.
    init(_ address: PostgresAddress) throws(JobsError) {
        self.address = address
        // What stands behind the address goes before what is in it.
        let parameters: KeyValuePairs = [
            "fallback_application_name": "glm-gateway", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3",
            "tcp_user_timeout": "20000", "dbname": address.url, "client_encoding": "UTF8",
        ]
        let begun = withCStrings(parameters.map(\.key)) { keys in
            withCStrings(parameters.map(\.value)) { values in PQconnectStartParams(keys, values, 1) }
        }
        guard let connection = begun else { throw JobsError(.storage, "\(address): no memory") }
        self.connection = connection
        glm_postgres_be_silent(connection)
        let end = ContinuousClock.now + Self.connectTime
        var state = PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
        while state != PGRES_POLLING_OK, state != PGRES_POLLING_FAILED {
            try wait(writes: state == PGRES_POLLING_WRITING, until: end)
            state = PQconnectPoll(connection)
        }
        guard state == PGRES_POLLING_OK, PQsetnonblocking(connection, 1) == 0 else { throw broken() }
        guard PQserverVersion(connection) >= 120_000 else {
            throw JobsError(.unreadable, "\(address) is version \(PQserverVersion(connection) / 10_000); at least 12")
        }
        let encoding = PQparameterStatus(connection, "server_encoding").map { String(cString: $0) } ?? "unknown"
        guard encoding == "UTF8" else { throw JobsError(.unreadable, "\(address) has the encoding \(encoding); it must be UTF8") }
    }

    deinit { PQfinish(connection) }

    /// Runs a statement, prepared at its first use.
    package func run(_ statement: PostgresStatement, _ values: [PostgresValue] = []) throws(JobsError) -> PostgresRows {
        if !prepared.contains(statement.name) {
            _ = try answer(bytes: 0) { PQsendPrepare(connection, statement.name, statement.sql, 0, nil) }
            prepared.insert(statement.name)
        }
        let bytes = values.reduce(0) { $0 + $1.count }
        return try answer(bytes: bytes) {
            withValues(values) { pointers, lengths, formats in
                PQsendQueryPrepared(connection, statement.name, Int32(values.count), pointers, lengths, formats, 1)
            }
        }
    }

    /// Runs statements of ours that are not worth preparing, as one transaction where they begin none.
    package func run(script: StaticString) throws(JobsError) {
        _ = try answer(bytes: 0) { script.withUTF8Buffer { PQsendQuery(connection, String(decoding: $0, as: UTF8.self)) } }
    }

    /// Waits for notifications and hands over their payloads, until the descriptor `end` can be read.
    func hear(until end: Int32, _ payload: (String) -> Void) throws(JobsError) {
        while glm_postgres_wait(connection, false, end, -1) & GLM_POSTGRES_WOKEN == 0 {
            guard PQconsumeInput(connection) == 1 else { throw broken() }
            while let notification = PQnotifies(connection) {
                defer { PQfreemem(notification) }
                payload(String(cString: notification.pointee.extra))
            }
        }
    }

    // MARK: -

    private func answer(bytes: Int, _ send: () -> Int32) throws(JobsError) -> PostgresRows {
        hasCollided = false
        // Nothing of ours has several at once; what a broken connection left must not be taken for this one's answer.
        guard !isBroken, send() == 1 else { throw broken() }
        let end = ContinuousClock.now + Self.patience + .seconds(bytes / Self.bytesPerSecond)
        while true {
            let rest = PQflush(connection)
            if rest == 0 { break }
            guard rest == 1 else { throw broken() }
            // The server may speak before it has heard all: then it is heard, or both would wait.
            if try wait(writes: true, until: end) & GLM_POSTGRES_READABLE != 0, PQconsumeInput(connection) == 0 { throw broken() }
        }
        var rows = PostgresRows(nil)
        var failure: JobsError?
        while let result = try next(until: end) {
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK: rows = PostgresRows(result)
            default:
                failure = failure ?? refusal(result)
                PQclear(result)
            }
        }
        if let failure { throw failure }
        if PQstatus(connection) == CONNECTION_BAD { throw broken() }
        return rows
    }

    private func next(until end: ContinuousClock.Instant) throws(JobsError) -> OpaquePointer? {
        while PQisBusy(connection) == 1 {
            try wait(writes: false, until: end)
            guard PQconsumeInput(connection) == 1 else { throw broken() }
        }
        return PQgetResult(connection)
    }

    @discardableResult
    private func wait(writes: Bool, until end: ContinuousClock.Instant) throws(JobsError) -> Int32 {
        let left = (end - .now).inMilliseconds
        let events = left > 0 ? glm_postgres_wait(connection, writes, -1, Int32(clamping: left)) : 0
        guard events != 0 else {
            isBroken = true
            throw JobsError(.storage, "\(address) does not answer")
        }
        return events
    }

    private func refusal(_ result: OpaquePointer) -> JobsError {
        let code = PQresultErrorField(result, 67 /* PG_DIAG_SQLSTATE, a character in C */).map { String(cString: $0) } ?? ""
        // Class 40: transaction rollback.
        hasCollided = code.hasPrefix("40")
        if PQstatus(connection) == CONNECTION_BAD { isBroken = true }
        let message = PQresultErrorField(result, 77 /* PG_DIAG_MESSAGE_PRIMARY */) ?? PQresultErrorMessage(result)
        return JobsError(.storage, "\(address): \(message.map { String(cString: $0).trimmed } ?? "no reason is told") (\(code))")
    }

    func broken() -> JobsError {
        isBroken = true
        let reason = PQerrorMessage(connection).map { String(cString: $0).trimmed } ?? ""
        return JobsError(.storage, "\(address): \(reason.isEmpty ? "the connection is lost" : reason)")
    }
}

/// A statement of ours: values of others go beside it, never into it.
package struct PostgresStatement: Sendable {
    let name: String
    let sql: String

    package init(_ name: StaticString, _ sql: StaticString) {
        self.name = "\(name)"
        self.sql = "\(sql)"
    }

    /// - Parameter columns: what `COLUMNS` stands for in the statement.
    init(_ name: StaticString, _ sql: StaticString, columns: StaticString) {
        self.name = "\(name)"
        self.sql = "\(sql)".replacing("COLUMNS", with: "\(columns)")
    }
}

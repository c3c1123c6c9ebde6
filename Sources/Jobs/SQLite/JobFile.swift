import Foundation
import GRDB

/// The SQLite file behind a store: its lock, its durability and its schema.
enum JobFile {
    /// "GLMJ", at the place where SQLite keeps whose file it is.
    static let applicationID = 0x474c_4d4a

    /// Opens or makes the file, of mode 0600, and holds it alone until it is closed.
    static func open(_ path: String) throws(JobsError) -> DatabaseQueue {
        try create(path)
        do {
            var configuration = Configuration()
            configuration.label = "jobs"
            configuration.prepareDatabase { db in
                // One owner: SQLite keeps the file locked from its first access, and the lock ends with the process.
                try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
                // Counts only before the first page; lets `expire` give the space of deleted pictures back.
                if try Int.fetchOne(db, sql: "PRAGMA page_count") == 0 { try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL") }
            }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { db in
                try db.inTransaction(.exclusive) {
                    try check(db, path)
                    return .commit
                }
                try prepare(db, path)
            }
            try migrator.migrate(queue)
            return queue
        } catch {
            throw JobsError(error, path)
        }
    }

    /// Requests are private, so the file is made before SQLite does; one that is there is looked at and left alone, because closing
    /// any descriptor of it would end the locks of this process. A link is not followed: SQLite would make what it points to.
    private static func create(_ path: String) throws(JobsError) {
        let descriptor = Foundation.open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor < 0 else {
            close(descriptor)
            return
        }
        guard errno == EEXIST else { throw JobsError(.storage, "jobs file \(path): \(String(cString: strerror(errno)))") }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw JobsError(.unreadable, "jobs file \(path) is no regular file, a symbolic link perhaps; move it away, or choose another file")
        }
        guard status.st_uid == getuid(), status.st_mode & 0o022 == 0 else {
            throw JobsError(
                .unreadable,
                "jobs file \(path) belongs to user \(status.st_uid) and has mode \(String(status.st_mode & 0o777, radix: 8)); "
                    + "it must be ours, user \(getuid()), and nobody else may write to it")
        }
    }

    /// Refuses a file of another program or of a newer build, before anything is changed in it.
    private static func check(_ db: Database, _ path: String) throws {
        let owner = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let isEmpty = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM sqlite_master") == 0
        guard owner == applicationID || isEmpty else {
            throw JobsError(.unreadable, "\(path) is a SQLite database of another program; choose another file for the jobs")
        }
        let unknown = try migrator.appliedIdentifiers(db).subtracting(migrator.migrations).sorted()
        guard unknown.isEmpty else {
            throw JobsError(
                .newer,
                "jobs file \(path) was written by a newer build: its schema has \(unknown.joined(separator: ", ")), this build knows up to "
                    + "\(migrator.migrations.last ?? "none"); start the newer build, or choose another file")
        }
    }

    private static func prepare(_ db: Database, _ path: String) throws {
        let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
        guard journal == "wal" else { throw JobsError(.storage, "jobs file \(path) can't have a write-ahead log on this file system") }
        // A transition that was answered survives a loss of power, too.
        try db.execute(sql: "PRAGMA synchronous = FULL")
        try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
        try db.execute(sql: "PRAGMA application_id = \(applicationID)")
    }

    /// Bytes live in tables of their own: a list of jobs never reads them.
    private static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { db in
            try db.execute(
                sql: """
                    CREATE TABLE job (
                        sequence INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order of submission
                        id TEXT NOT NULL UNIQUE,
                        title TEXT NOT NULL,
                        state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
                        attempts INTEGER NOT NULL DEFAULT 0,
                        submitted INTEGER NOT NULL,                  -- this and the next two: milliseconds since 1970
                        began INTEGER,
                        ended INTEGER CHECK ((ended IS NOT NULL) = (state IN ('done', 'failed', 'cancelled'))),
                        requestBytes INTEGER NOT NULL,
                        resultBytes INTEGER CHECK ((resultBytes IS NOT NULL) = (state = 'done')),
                        media TEXT,
                        failureCode INTEGER CHECK ((failureCode IS NOT NULL) = (state = 'failed')),
                        failureMessage TEXT
                    );
                    CREATE INDEX jobByState ON job (state, sequence);
                    CREATE TABLE request (job INTEGER PRIMARY KEY REFERENCES job ON DELETE CASCADE, bytes BLOB NOT NULL);
                    CREATE TABLE result (job INTEGER PRIMARY KEY REFERENCES job ON DELETE CASCADE, bytes BLOB NOT NULL);
                    """)
        }
        migrator.registerMigration("v2") { try $0.execute(sql: "ALTER TABLE job ADD COLUMN submitter TEXT NOT NULL DEFAULT ''") }
        migrator.registerMigration("v3") { try $0.execute(sql: "ALTER TABLE job ADD COLUMN trace TEXT NOT NULL DEFAULT ''") }
        migrator.registerMigration("v4") { try $0.execute(sql: "ALTER TABLE job ADD COLUMN object TEXT") }
        return migrator
    }()
}

extension JobsError {
    /// What SQLite says, in our words.
    init(_ error: any Error, _ path: String) {
        switch error {
        case let error as JobsError:
            self = error
        case let error as DatabaseError:
            let reason = error.message ?? "\(error.resultCode)"
            switch error.resultCode {
            case .SQLITE_BUSY, .SQLITE_LOCKED:
                self.init(.inUse, "jobs file \(path) is in use by another process; end that one, or choose another file")
            case .SQLITE_NOTADB, .SQLITE_CORRUPT:
                self.init(.unreadable, "jobs file \(path) is damaged or no database (\(reason)); move it away to begin with an empty one")
            default:
                self.init(.storage, "jobs file \(path): \(reason)")
            }
        case is RowDecodingError:
            self.init(.unreadable, "jobs file \(path) holds values that this build does not write; move it away to begin with an empty one")
        default:
            self.init(.storage, "jobs file \(path): \(error)")
        }
    }
}

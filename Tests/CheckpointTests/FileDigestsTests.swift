import Checkpoint
import Foundation
import TestSupport
import Testing

/// Whether a digest is that of the file as it is now, computed once or read from the user's cache.
@Suite struct FileDigestsTests {
    /// A file, and the folder that digests are kept in; `later` is long after the file was written.
    private static func withFile(_ body: (_ file: URL, _ store: URL, _ later: @escaping @Sendable () -> Date) throws -> Void) throws {
        try withFolder { folder in
            let file = folder.appending(path: "weights")
            try Data(repeating: 7, count: 1000).write(to: file)
            try body(file, folder.appending(path: "cache/digests")) { Date(timeIntervalSinceNow: 60) }
        }
    }

    private static func digests(_ store: URL, _ now: @escaping @Sendable () -> Date) -> FileDigests {
        FileDigests(DigestStore(folder: store), storedBytes: 0, now: now)
    }

    private static func kept(_ store: URL) throws -> URL {
        let names = try FileManager.default.contentsOfDirectory(atPath: store.path)
        #expect(names.count == 1)
        return store.appending(path: try #require(names.first))
    }

    @Test("a digest is kept for the next process, for this user alone, and is found there")
    func isKept() throws {
        try Self.withFile { file, store, later in
            let digest = try Self.digests(store, later).digest(file)
            #expect(digest.count == 32)
            let kept = try Self.kept(store)
            for (url, mode) in [(kept, 0o600), (store, 0o700)] {
                #expect(try FileManager.default.attributesOfItem(atPath: url.path)[.posixPermissions] as? Int == mode)
            }
            // What is found there is believed: no second process reads the weights.
            let handle = try FileHandle(forWritingTo: kept)
            try handle.write(contentsOf: Data(repeating: 1, count: 32))
            try handle.close()
            #expect(try Self.digests(store, later).digest(file) == [UInt8](repeating: 1, count: 32))
        }
    }

    @Test("another content is another digest, also where size and time of the content are as before")
    func changes() throws {
        try Self.withFile { file, store, later in
            let digests = Self.digests(store, later)
            let before = try digests.digest(file)
            let modified = try #require(FileManager.default.attributesOfItem(atPath: file.path)[.modificationDate] as? Date)
            let handle = try FileHandle(forWritingTo: file)
            try handle.seek(toOffset: 999)
            try handle.write(contentsOf: [8])
            try handle.close()
            try FileManager.default.setAttributes([.modificationDate: modified], ofItemAtPath: file.path)
            #expect(try digests.digest(file) != before)
        }
    }

    @Test("a file that was written a moment ago is read each time: it may be written again within the same tick of the clock")
    func unsettled() throws {
        try Self.withFile { file, store, _ in
            _ = try Self.digests(store) { Date() }.digest(file)
            #expect(!FileManager.default.fileExists(atPath: store.path))
        }
    }

    @Test("a cache that is broken, that others may write to, or that can't be written is none")
    func untrusted() throws {
        try Self.withFile { file, store, later in
            let digest = try Self.digests(store, later).digest(file)
            let kept = try Self.kept(store)
            try Data(repeating: 1, count: 31).write(to: kept)
            #expect(try Self.digests(store, later).digest(file) == digest)
            try Data(repeating: 1, count: 32).write(to: kept)
            try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: kept.path)
            #expect(try Self.digests(store, later).digest(file) == digest)
            #expect(try Self.digests(URL(fileURLWithPath: "/dev/null/digests"), later).digest(file) == digest)
            #expect(try FileDigests(nil).digest(file) == digest)
        }
    }

    @Test("a file of several chunks has a digest of all of them, in their order")
    func chunks() throws {
        try withFolder { folder in
            let digests = FileDigests(nil)
            let (a, b) = (Data(repeating: 1, count: 8 << 20), Data(repeating: 2, count: 8 << 20))
            var seen: Set<[UInt8]> = []
            for (index, data) in [a + b, b + a, a + b + Data([0]), a, a + a].enumerated() {
                let file = folder.appending(path: "\(index)")
                try data.write(to: file)
                #expect(seen.insert(try digests.digest(file)).inserted, "\(index)")
            }
        }
    }
}

import Domain
import Foundation
import Keys
import Logging
import Testing

@Suite struct KeyUsageTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/glm-usage-\(UUID().uuidString)"
    private let start = ContinuousClock.now
    private let morning = Date(timeIntervalSince1970: 20_833 * 86_400)

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false) }

    private func usage() -> KeyUsage { KeyUsage(folder: folder, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) }
    private func clean() { try? FileManager.default.removeItem(atPath: folder) }

    private func refusal(_ body: () async throws -> String) async -> UsageRefusal? {
        do { _ = try await body() } catch { return error as? UsageRefusal }
        return nil
    }

    @Test("a minute's requests may come at once; the next is refused with the time in which it finds its place, and then finds it")
    func rate() async throws {
        defer { clean() }
        let usage = usage(), grant = Grant(name: "a", scopes: [.images], perMinute: 3)
        for _ in 0..<3 { _ = try await usage.take(1, grant, at: start, on: morning) }
        let refused = try #require(await refusal { try await usage.take(1, grant, at: start, on: morning) })
        #expect(refused.kind == .rate && refused.retryAfter == .seconds(20))
        let early = try #require(await refusal { try await usage.take(1, grant, at: start + .seconds(19), on: morning) })
        #expect(early.retryAfter == .seconds(1))
        _ = try await usage.take(1, grant, at: start + .seconds(20), on: morning)
        #expect(await refusal { try await usage.take(1, grant, at: start + .seconds(20), on: morning) } != nil)
        for _ in 0..<3 { _ = try await usage.take(1, grant, at: start + .seconds(3600), on: morning) }
        #expect(await refusal { try await usage.take(1, grant, at: start + .seconds(3600), on: morning) } != nil)
    }

    @Test("one key's requests are nobody else's, and a key without limits has none")
    func apart() async throws {
        defer { clean() }
        let usage = usage(), grant = Grant(name: "a", scopes: [.images], perMinute: 1, quota: 1)
        _ = try await usage.take(1, grant, at: start, on: morning)
        #expect(await refusal { try await usage.take(1, grant, at: start, on: morning) } != nil)
        _ = try await usage.take(1, Grant(name: "b", scopes: [.images], perMinute: 1, quota: 1), at: start, on: morning)
        for _ in 0..<99 { _ = try await usage.take(9, Grant(name: "c", scopes: [.images]), at: start, on: morning) }
    }

    @Test("a day's images are counted through a restart; what goes beyond is refused whole, until the day ends")
    func quota() async throws {
        defer { clean() }
        let grant = Grant(name: "a", scopes: [.images], quota: 5)
        _ = try await usage().take(3, grant, at: start, on: morning)
        let next = usage()
        let refused = try #require(await refusal { try await next.take(3, grant, at: start, on: morning + 3600) })
        #expect(refused.kind == .quota && refused.retryAfter == .seconds(82_800) && refused.message.contains("used 3 of its 5"))
        _ = try await next.take(2, grant, at: start, on: morning + 86_399)
        #expect(await refusal { try await next.take(1, grant, at: start, on: morning + 86_399) } != nil)
        _ = try await next.take(5, grant, at: start, on: morning + 86_400)
    }

    @Test("what was not made is given back to its own day")
    func givenBack() async throws {
        defer { clean() }
        let usage = usage(), grant = Grant(name: "a", scopes: [.images], quota: 5)
        let day = try await usage.take(5, grant, at: start, on: morning)
        await usage.giveBack(2, grant, on: day)
        _ = try await usage.take(2, grant, at: start, on: morning)
        #expect(await refusal { try await usage.take(1, grant, at: start, on: morning) } != nil)
        _ = try await usage.take(5, grant, at: start, on: morning + 86_400)
        await usage.giveBack(5, grant, on: day)
        #expect(await refusal { try await usage.take(1, grant, at: start, on: morning + 86_400) } != nil)
    }

    @Test("a count that can't be read begins anew, and one that can't be written goes on in memory")
    func disk() async throws {
        try Data("x".utf8).write(to: URL(fileURLWithPath: folder + "/key-usage.json"))
        let usage = usage(), grant = Grant(name: "a", scopes: [.images], quota: 1)
        clean()
        _ = try await usage.take(1, grant, at: start, on: morning)
        #expect(await refusal { try await usage.take(1, grant, at: start, on: morning) } != nil)
    }

    @Test("a caller is told how many requests are left, and when all of them are again")
    func standing() async throws {
        defer { clean() }
        let usage = usage(), grant = Grant(name: "a", scopes: [.images], perMinute: 60)
        #expect(await usage.standing(nil) == nil)
        #expect(await usage.standing(Grant(name: "a", scopes: [.images])) == nil)
        #expect(await usage.standing(grant).map { [$0.limit, $0.remaining] } == [60, 60])
        for _ in 0..<10 { _ = try await usage.take(1, grant, at: .now, on: morning) }
        let standing = try #require(await usage.standing(grant))
        #expect((50...59).contains(standing.remaining) && standing.reset > .zero && standing.reset <= .seconds(10))
    }
}

public import Logging
public import StageKit
public import Wire

/// The stages that this gateway knows: it looks where they are, asks what they are, and chooses among them.
public actor Fleet {
    private struct Link {
        let connection: StageConnection
        let following: Task<Void, Never>
    }

    private let folder: RunDirectory
    private let remote: [Address]
    private let logger: Logger
    private var registry: Registry
    private var links: [Address: Link] = [:]
    private var waiting: [(kinds: Set<StageKind>, served: Promise<Void>)] = []

    /// - Parameters:
    ///   - folder: every socket in it that is not a gateway's is a stage.
    ///   - remote: stages elsewhere.
    public init(folder: RunDirectory, remote: [Address] = [], logger: Logger) {
        self.folder = folder
        self.remote = remote
        self.logger = logger
        registry = Registry(place: "with --run-directory \(folder.path)")
    }

    /// Keeps the fleet known until the task is cancelled.
    public func run() async throws {
        defer { follow([]) }
        for await _ in try FolderWatch.changes(in: folder) {
            let local = folder.sockets().filter { $0.kind != "gateway" }.map(\.address)
            follow(Set(local + remote))
        }
    }

    /// Returns when each of the kinds has a stage that serves, or the task is cancelled.
    public func served(_ kinds: Set<StageKind>) async {
        guard !serves(kinds) else { return }
        let promise = Promise<Void>()
        waiting.append((kinds, promise))
        _ = await promise.value
    }

    func route(for kinds: [StageKind]) throws(CallError) -> Route { try registry.route(for: kinds) }

    /// Side in pixels of the picture that the fleet's model draws best.
    func defaultSide() -> Int { registry.defaultSide }

    /// Runs `body` with a connection to the stage, which counts as busy meanwhile.
    func using<R: Sendable>(_ replica: Registry.Replica, _ body: @Sendable (StageConnection) async throws -> R) async throws -> R {
        guard let link = links[replica.address] else {
            throw CallError(.unavailable, "\(replica.name) at \(replica.address) is gone", retryAfter: .milliseconds(200))
        }
        registry.began(replica.address)
        defer { registry.ended(replica.address) }
        return try await body(link.connection)
    }

    /// What is known of every stage; those that answer are asked anew, so that their counts are of now.
    public func status() async -> [StageStatus] {
        await withTaskGroup(of: (Address, StageDescription?).self) { group in
            for (address, link) in links {
                group.addTask { (address, try? await StageClient(link.connection).describe(CallSettings(timeout: .seconds(1)))) }
            }
            for await (address, description) in group {
                if let description, let replica = registry.replicas[address] { registry.heard(address, description, replica.health) }
            }
        }
        return registry.listing.map {
            StageStatus(address: "\($0.address)", health: $0.health, description: $0.description, problem: $0.problem)
        }
    }

    private func serves(_ kinds: Set<StageKind>) -> Bool {
        kinds.isSubset(of: registry.replicas.values.filter(\.serves).compactMap(\.kind))
    }

    private func follow(_ addresses: Set<Address>) {
        let change = registry.know(addresses)
        for address in change.forget {
            logger.info("stage left", metadata: ["address": "\(address)"])
            links.removeValue(forKey: address)?.following.cancel()
        }
        for address in change.follow {
            do {
                let connection = try StageConnection(to: address)
                links[address] = Link(connection: connection, following: Task { await self.follow(address, connection) })
            } catch {
                registry.lost(address, "\(error)")
            }
        }
    }

    /// Asks the stage what it is after every change of its health, for as long as it is to be known.
    private func follow(_ address: Address, _ connection: StageConnection) async {
        var pause = Duration.milliseconds(20)
        while !Task.isCancelled {
            do {
                try await ask(address, connection, .unknown)
                pause = .milliseconds(20)
                try await HealthClient(connection).watch { status in
                    try await self.ask(address, connection, status == .serving ? .serving : .notServing)
                }
                lost(address, "has ended")
            } catch let error as CallError {
                lost(address, "does not answer: \(error.message)")
            } catch {
                if !Task.isCancelled { lost(address, "does not answer: \(error)") }
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(1))
        }
    }

    private func ask(_ address: Address, _ connection: StageConnection, _ health: Health) async throws {
        let description = try await StageClient(connection).describe(CallSettings(timeout: .seconds(5)))
        registry.heard(address, description, health)
        if health != .unknown, let replica = registry.replicas[address] {
            logger.info(
                "stage \(replica.serves ? "serves" : "does not serve")",
                metadata: ["stage": "\(replica.name)", "address": "\(address)", "model": "\(description.modelName) \(description.modelFingerprint)"])
        }
        for waiter in waiting where serves(waiter.kinds) { waiter.served.fulfil(()) }
        waiting.removeAll { $0.served.current != nil }
    }

    private func lost(_ address: Address, _ problem: String) {
        if registry.replicas[address]?.health != .unknown { logger.warning("stage lost", metadata: ["address": "\(address)", "problem": "\(problem)"]) }
        registry.lost(address, problem)
    }
}

public import Placement
package import Logging
public import Domain
import Processes
import ServerKit
public import Wire

/// What operators change while requests run: one change at a time.
public actor Operations {
    /// Finds room for one more stage beside those that run; throws FAILED_PRECONDITION with the numbers where there is none.
    public typealias Placing = @Sendable (StagePlacement) async throws -> StageSpec

    /// One more stage that a place is wanted for.
    public struct StagePlacement: Sendable {
        public var kind: StageKind
        /// Name of its model.
        public var model: String
        /// Of another checkpoint than the model has now; nil: of that.
        public var folder: String?
        public var instance: String
        /// The stages that run.
        public var others: [StageSpec]

        package init(kind: StageKind, model: String, folder: String? = nil, instance: String, others: [StageSpec]) {
            self.kind = kind
            self.model = model
            self.folder = folder
            self.instance = instance
            self.others = others
        }
    }

    private let fleet: Fleet
    private let supervisor: Supervisor
    private let place: Placing
    private let roots: ModelRoots
    private let save: @Sendable ([StageSpec], [String: [StageKind: String]]) throws -> Void
    private let logger: Logger
    private var current: String?

    /// - Parameters:
    ///   - roots: where a swap may take models from.
    ///   - place: where new stages go.
    ///   - save: keeps what the fleet consists of now for the next gateway.
    package init(
        fleet: Fleet, supervisor: Supervisor, logger: Logger, roots: ModelRoots, place: @escaping Placing,
        save: @escaping @Sendable ([StageSpec], [String: [StageKind: String]]) throws -> Void
    ) {
        self.fleet = fleet
        self.supervisor = supervisor
        self.roots = roots
        self.place = place
        self.save = save
        self.logger = logger
    }

    public func drain(_ request: DrainStageRequest, _ send: Send<OperationEvent>) async throws {
        try await alone("drain \(request.stage)") {
            try await drainOne(request, send)
            await remember()
        }
    }

    public func scale(_ request: ScaleRequest, _ send: Send<OperationEvent>) async throws {
        let kind = try Self.kind(request.kind)
        guard (1...1024).contains(request.replicas) else {
            throw CallError(.invalidArgument, "replicas is \(request.replicas); 1 to 1024")
        }
        try await alone("scale \(kind) to \(request.replicas)") {
            try await scaleAll(kind, of: try await model(kind, named: request.modelName), to: request.replicas, send)
            await remember()
        }
    }

    public func swap(_ request: SwapRequest, _ send: Send<OperationEvent>) async throws {
        let kind = try Self.kind(request.kind)
        guard !request.model.isEmpty else { throw CallError(.invalidArgument, "model is empty; name a folder on the gateway's host") }
        try await alone("swap \(kind)") {
            try await swapAll(kind, of: try await model(kind, named: request.modelName), to: request.model, send)
            await remember()
        }
    }

    // MARK: One stage

    private func drainOne(_ request: DrainStageRequest, _ send: Send<OperationEvent>) async throws {
        let registry = await fleet.stages()
        let meant = registry.stages(called: request.stage)
        if !meant.contains(where: { $0.name == request.stage }), await supervisor.specs.contains(where: { $0.name == request.stage }) {
            let isAbsent = await supervisor.absences.contains { $0.spec.name == request.stage }
            await supervisor.retire(request.stage, grace: .seconds(5))
            let state = isAbsent ? "did not run" : "had not answered yet and was ended"
            return try await send(OperationEvent("\(state), and is not started again", stage: request.stage))
        }
        guard meant.count <= 1 else {
            let names = meant.map(\.name).joined(separator: ", ")
            throw CallError(.invalidArgument, "\(meant.count) stages call themselves \"\(request.stage)\"; say which: \(names)")
        }
        guard let replica = meant.first, let connection = await fleet.connection(to: replica.address) else {
            let known = registry.listing.map(\.name).joined(separator: ", ")
            throw CallError(.notFound, "there is no stage \"\(request.stage)\"; there are \(known.isEmpty ? "none" : known)")
        }
        let others = registry.candidates(replica.kind ?? .text, model: replica.fingerprint).count { $0.address != replica.address }
        if replica.serves, others == 0, !request.force {
            throw CallError(
                .failedPrecondition,
                "\(replica.name) is the only \(replica.kind?.rawValue ?? "") stage of its model that serves; scale first, or force it and let requests wait or fail"
            )
        }
        let ended = await supervisor.release(replica.name)
        let answer = try await Self.drain(replica, connection, deadline: request.deadlineSeconds)
        try await send(OperationEvent("drains, \(answer.inFlight) requests in flight", stage: replica.name))
        await fleet.until { $0.replicas[replica.address].map { $0.incarnation != replica.incarnation || $0.health == .unknown } ?? true }
        _ = await ended?.value
        try Task.checkCancellation()
        try await send(OperationEvent("has ended", stage: replica.name))
    }

    /// A stage elsewhere takes this gateway for an operator only where it was told to.
    private static func drain(_ replica: Registry.Replica, _ connection: StageConnection, deadline: Double) async throws -> DrainResponse {
        do {
            return try await StageClient(connection).drain(DrainRequest(deadlineSeconds: deadline), CallSettings(timeout: .seconds(10)))
        } catch let error as CallError where error.status == .permissionDenied {
            throw CallError(.failedPrecondition, "stage \(replica.name) at \(replica.address): \(error.message)")
        }
    }

    /// Starts a stage and waits until it serves; ends it again where it doesn't.
    private func start(_ spec: StageSpec, _ send: Send<OperationEvent>) async throws {
        try await send(OperationEvent("starts on \(spec.devices.list) with \(spec.folder)", stage: spec.name))
        await supervisor.keep(spec)
        let served = await serves(spec)
        guard served else {
            var trouble = await supervisor.problem(of: spec.name)
            if trouble.isEmpty { trouble = await fleet.stages().listing.first { $0.name == spec.name }?.problem ?? "" }
            await supervisor.retire(spec.name, grace: .seconds(5))
            try Task.checkCancellation()
            throw CallError(.failedPrecondition, "\(spec.name) does not serve: it \(trouble)")
        }
        try await send(OperationEvent("serves", stage: spec.name))
    }

    private func serves(_ spec: StageSpec) async -> Bool {
        let served = try? await race { [fleet] in
            // One whose numerics are refused is well, and will never serve.
            await fleet.until { registry in registry.listing.contains { $0.name == spec.name && ($0.serves || registry.refusal(of: $0) != nil) } }
            return await fleet.stages().listing.contains { $0.name == spec.name && $0.serves }
        } _: { [supervisor] in
            await supervisor.givenUp(spec.name)
            return false
        }
        return served ?? false
    }

    // MARK: All stages of a kind

    private func scaleAll(_ kind: StageKind, of model: String, to replicas: Int, _ send: Send<OperationEvent>) async throws {
        var now = await running(kind, model)
        if now.count == replicas { return try await send(OperationEvent("\(replicas) \(kind) stages already")) }
        while now.count < replicas {
            let specs = await supervisor.specs
            let spec = try await place(
                StagePlacement(kind: kind, model: model, instance: await freeInstance(kind), others: specs))
            try await start(spec, send)
            now = await running(kind, model)
        }
        let kept = Set(await supervisor.specs.map(\.name))
        for replica in now.reversed() where now.count > replicas && kept.contains(replica.name) {
            try await drainOne(DrainStageRequest(stage: replica.name), send)
            now.removeAll { $0.address == replica.address }
        }
        guard now.count == replicas else {
            let names = now.filter { !kept.contains($0.name) }.map(\.name).joined(separator: ", ")
            throw CallError(
                .failedPrecondition, "\(now.count) \(kind) stages are left: \(names) were not started by this gateway; drain them by name")
        }
    }

    private func swapAll(_ kind: StageKind, of model: String, to folder: String, _ send: Send<OperationEvent>) async throws {
        let old = await supervisor.specs.filter { $0.kind == kind && $0.model == model }
        guard !old.isEmpty else {
            throw CallError(
                .failedPrecondition,
                "no \(kind) stage of model \(model) was started by this gateway; start new ones with their model, then drain the old ones by name")
        }
        let folder = try roots.folder(folder)
        try await send(OperationEvent("\(folder) is compared with the model that runs"))
        // Room for all of them is found before the first is started.
        var new: [StageSpec] = []
        for _ in old {
            let instance = await freeInstance(kind, beside: new)
            new.append(
                try await place(
                    StagePlacement(kind: kind, model: model, folder: folder, instance: instance, others: await supervisor.specs + new)))
        }
        guard let fingerprint = new.first?.fingerprint, fingerprint != old.first?.fingerprint else {
            throw CallError(.failedPrecondition, "the \(kind) stages have that model already: \(folder) is \(new.first?.fingerprint ?? "")")
        }
        do {
            for spec in new { try await start(spec, send) }
        } catch {
            for spec in new { await supervisor.retire(spec.name, grace: .seconds(5)) }
            throw error
        }
        let models = await fleet.setFingerprint(fingerprint, of: kind, model: model)
        remember(await supervisor.specs.filter { spec in !old.contains(spec) }, models)
        try await send(OperationEvent("requests go to \(folder) from now on"))
        for spec in old { try await drainOne(DrainStageRequest(stage: spec.name, force: true), send) }
    }

    /// Stages of a kind and model that take work or are coming up.
    private func running(_ kind: StageKind, _ model: String) async -> [Registry.Replica] {
        let registry = await fleet.stages()
        let wanted = registry.models[model]?[kind]
        // Models that differ elsewhere may have the same fingerprint for this kind.
        let others = registry.models.keys.filter { $0 != model }
        return registry.listing.filter {
            $0.kind == kind && $0.description?.state != .draining && (wanted == nil || $0.fingerprint == wanted || $0.fingerprint.isEmpty)
                && !others.contains($0.modelName)
        }
    }

    /// The model that is meant.
    /// - Parameter name: empty: the only one that stages of the kind serve.
    private func model(_ kind: StageKind, named name: String) async throws(CallError) -> String {
        let planned = await fleet.stages().models
        let known = Set(planned.filter { $0.value[kind] != nil }.keys).union(await supervisor.specs.filter { $0.kind == kind }.map(\.model))
            .sorted()
        if name.isEmpty, known.count <= 1 { return known.first ?? "" }
        guard known.contains(name) || planned[name] != nil else {
            let list = known.joined(separator: ", ")
            throw CallError(
                name.isEmpty ? .invalidArgument : .failedPrecondition,
                name.isEmpty ? "\(kind) stages serve several models: \(list); name one" : "no \(kind) stage serves a model \(name); there is \(list)")
        }
        return name
    }

    // MARK: Bookkeeping

    /// Refuses a second change while one is under way.
    private func alone(_ what: String, _ body: () async throws -> Void) async throws {
        if let current { throw CallError(.failedPrecondition, "\(current) is under way; one change at a time", retryAfter: .seconds(1)) }
        current = what
        defer { current = nil }
        logger.notice("operation begins", metadata: ["operation": "\(what)"])
        do {
            try await body()
            logger.notice("operation is done", metadata: ["operation": "\(what)"])
        } catch {
            logger.error("operation failed", metadata: ["operation": "\(what)", "problem": "\(error)"])
            throw error
        }
    }

    private func remember() async {
        remember(await supervisor.specs, await fleet.stages().models)
    }

    private func remember(_ specs: [StageSpec], _ models: [String: [StageKind: String]]) {
        do {
            try save(specs, models)
        } catch {
            // The change stands; only a gateway that takes this one's place would not know of it.
            logger.error("the fleet's state can't be kept", metadata: ["problem": "\(error)"])
        }
    }

    private func freeInstance(_ kind: StageKind, beside new: [StageSpec] = []) async -> String {
        let specs = await supervisor.specs + new
        let names = Set(specs.map(\.name) + (await fleet.stages().listing.map(\.name)))
        return "\((0...).first { !names.contains("\(kind.rawValue)-\($0)") }!)"
    }

    private static func kind(_ text: String) throws(CallError) -> StageKind {
        guard let kind = StageKind(rawValue: text) else {
            throw CallError(.invalidArgument, "kind is \"\(text)\"; one of \(StageKind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return kind
    }
}

/// Answers ``Methods/Operations``.
public struct OperationsService: OperationsHandler {
    private let operations: Operations

    public init(_ operations: Operations) { self.operations = operations }

    public func drain(_ request: DrainStageRequest, _ call: ServerCall, send: @escaping Send<OperationEvent>) async throws {
        try await operations.drain(request, send)
    }

    public func scale(_ request: ScaleRequest, _ call: ServerCall, send: @escaping Send<OperationEvent>) async throws {
        try await operations.scale(request, send)
    }

    public func swap(_ request: SwapRequest, _ call: ServerCall, send: @escaping Send<OperationEvent>) async throws {
        try await operations.swap(request, send)
    }
}

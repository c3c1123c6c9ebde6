package import Domain
package import Wire

/// Which stages there are and which of them may serve: the decisions, without clocks or sockets.
package struct Registry: Sendable {
    /// One stage, as last heard of.
    package struct Replica: Sendable, Hashable {
        package let address: Address
        /// What an operator calls the place where it is; nil: the run directory.
        package let origin: StageOrigin?
        package var health = Health.unknown
        /// Nil until it has answered.
        package var description: StageDescription? { didSet { name = uniqueName } }
        /// No other that is known has the same: ``uniqueName``, kept because stages are sorted by it.
        package private(set) var name: String
        /// Why it does not serve; empty when it does.
        package var problem = Self.unheard
        /// It has answered the smallest request rightly since it was last suspect.
        package var passedProbe = false
        /// The same, since its process began.
        package var hasPassedProbe = false
        /// What its last probe found wrong; empty after one that it passed.
        package var finding = ""
        /// It has left our questions without an answer: nobody waits for it.
        package var isSilent = false
        /// Requests of this gateway that it has answered since its process began.
        package var done = 0

        package var kind: StageKind? { description.flatMap { StageKind(rawValue: $0.kind) } }
        package var modelName: String { description?.modelName ?? "" }
        package var fingerprint: String { description?.modelFingerprint ?? "" }
        /// What its model computes; nil for a pipeline that this build does not know.
        package var pipeline: PipelineID? {
            guard let name = description?.pipeline, !name.isEmpty else { return .image }
            return PipelineID(rawValue: name)
        }
        package var numerics: Numerics { description?.numerics ?? Numerics() }
        package var slots: Int { description?.slots ?? 1 }
        package var serves: Bool { health == .serving && problem.isEmpty && passedProbe }
        /// A probe will show whether it serves; none has failed yet.
        package var isBeingProbed: Bool { problem.isEmpty && !passedProbe && finding.isEmpty }
        /// Why it gets no requests; empty when it does.
        package var reason: String {
            if isBeingProbed { return "is being probed" }
            return problem.isEmpty ? finding : problem
        }
        /// Tells a process from the one that takes its place at the same address.
        package var incarnation: Incarnation { Incarnation(address, description) }

        /// The problem of one that has neither answered nor failed to.
        static let unheard = "has not answered yet"

        init(address: Address, origin: StageOrigin?) {
            self.address = address
            self.origin = origin
            name = "\(address)"
        }
    }

    /// One process at one address, from its start to its end.
    package struct Incarnation: Sendable, Hashable {
        package let address: Address
        /// On its own host: in containers all may have the same.
        package let process: Int
        /// ``StageDescription/startNumber``
        package let start: UInt64

        package init(address: Address, process: Int, start: UInt64 = 0) {
            self.address = address
            self.process = process
            self.start = start
        }

        init(_ address: Address, _ description: StageDescription?) {
            self.init(address: address, process: description?.processID ?? 0, start: description?.startNumber ?? 0)
        }
    }

    /// What is to be done after the set of stages has changed.
    package struct Change: Sendable, Hashable {
        package var follow: [Address] = []
        package var forget: [Address] = []

        package init(follow: [Address] = [], forget: [Address] = []) {
            self.follow = follow
            self.forget = forget
        }
    }

    /// Where stages are looked for, for messages.
    package let place: String
    /// The models that the fleet was planned with, by name: for each kind of stage the fingerprint that it must have. Empty: nobody
    /// planned; the model that most stages serve counts.
    package var models: [String: [StageKind: String]] = [:]
    /// What the models compute, by name, where a plan says; see ``pipeline(of:)``.
    package var pipelines: [String: PipelineID] = [:]
    /// Why a stage of a kind does not run, where its gateway knows.
    package var absences: [StageKind: String] = [:]
    /// Without which the gateway is not ready.
    package var needed = NeededKinds()
    /// Names of stages elsewhere, with what is wrong with their resolution.
    package var unresolved: [StageName: String] = [:]
    /// What becomes of stages whose numerics differ.
    package let mixing: NumericsMixing
    /// With ``NumericsMixing/refuse``: the numerics of the first stage that served a kind and model.
    var firstNumerics: [NumericsGroup: Numerics] = [:]
    package private(set) var replicas = StageIndex()

    package init(place: String, mixing: NumericsMixing = .standby) {
        self.place = place
        self.mixing = mixing
    }

    /// In the order in which people read them.
    package var listing: [Replica] { replicas.listing }

    /// Side in pixels of the picture that the model draws best, as diffusion tells; the published model's until one does.
    package var defaultSide: Int {
        replicas.first { $0.kind == .diffusion && $0.defaultSide > 0 }?.traits.defaultSide ?? 1024
    }

    /// Stages that are not what they were, each once.
    package mutating func takeChanged() -> Set<Address> { replicas.takeChanged() }

    /// The stages that are to be known.
    /// - Parameters:
    ///   - sockets: in the run directory.
    ///   - elsewhere: with what an operator calls the place.
    package mutating func know(_ sockets: Set<Address>, elsewhere: [Address: StageOrigin] = [:]) -> Change {
        let known = Set(replicas.keys), addresses = sockets.union(elsewhere.keys)
        for address in known.subtracting(addresses) { replicas[address] = nil }
        for address in addresses.subtracting(known) { replicas[address] = Replica(address: address, origin: elsewhere[address]) }
        return Change(
            follow: addresses.subtracting(known).sorted { "\($0)" < "\($1)" },
            forget: known.subtracting(addresses).sorted { "\($0)" < "\($1)" })
    }

    /// A stage has said what it is. Messages about stages that are forgotten meanwhile are passed over.
    package mutating func heard(_ address: Address, _ description: StageDescription, _ health: Health) {
        guard var replica = replicas[address] else { return }
        if replica.incarnation != Incarnation(address, description) {
            replica.passedProbe = false
            replica.hasPassedProbe = false
            replica.finding = ""
            replica.done = 0
        }
        replica.isSilent = false
        replica.description = description
        replica.health = health
        replica.problem = Self.problem(description, health)
        if replica.problem.isEmpty { replica.problem = refusal(of: replica) ?? "" }
        replicas[address] = replica
    }

    /// A stage takes no more requests; why, it says when it is asked, if it still is.
    package mutating func closed(_ address: Address) {
        guard replicas[address]?.health == .serving else { return }
        replicas[address]?.health = .notServing
        replicas[address]?.problem = "takes no more requests"
    }

    /// A stage has told its counts; whether it serves is decided elsewhere.
    package mutating func counted(_ address: Address, _ description: StageDescription) {
        guard replicas[address]?.incarnation == Incarnation(address, description) else { return }
        replicas[address]?.description = description
    }

    /// A stage does not answer, or answered what can't be right.
    package mutating func lost(_ address: Address, _ problem: String) {
        replicas[address]?.health = .unknown
        replicas[address]?.passedProbe = false
        replicas[address]?.problem = problem
    }

    /// A stage leaves our questions without an answer. Who waits for it is told, also where its connection is open.
    package mutating func silent(_ address: Address, _ problem: String) {
        lost(address, problem)
        replicas[address]?.isSilent = true
    }

    /// A stage has not computed the smallest request.
    package mutating func failedProbe(_ incarnation: Incarnation, _ finding: String) {
        if suspect(incarnation) { replicas[incarnation.address]?.finding = finding }
    }

    /// A stage makes nothing of a request: it serves again once it has passed a probe.
    /// - Returns: false when it has to pass one already, or another process has taken its place.
    package mutating func stalled(_ incarnation: Incarnation, _ problem: String) -> Bool {
        guard let replica = replicas[incarnation.address], replica.incarnation == incarnation, replica.passedProbe else { return false }
        failedProbe(incarnation, problem)
        return true
    }

    /// A stage has computed the smallest request.
    package mutating func passedProbe(_ address: Address) {
        replicas[address]?.finding = ""
        replicas[address]?.passedProbe = true
        replicas[address]?.hasPassedProbe = true
        if let replica = replicas[address], let problem = admit(replica) { replicas[address]?.problem = problem }
    }

    /// A stage has failed a request: it serves again once it has passed a probe.
    /// - Returns: false when another process has taken its place.
    @discardableResult
    package mutating func suspect(_ incarnation: Incarnation) -> Bool {
        guard replicas[incarnation.address]?.incarnation == incarnation else { return false }
        replicas[incarnation.address]?.passedProbe = false
        return true
    }

    /// Whether another process answers at its address.
    package func isReplaced(_ incarnation: Incarnation) -> Bool {
        guard let replica = replicas[incarnation.address], replica.description != nil else { return false }
        return replica.incarnation != incarnation
    }

    /// Why nobody is to wait for the process any longer; nil while it may answer.
    package func end(of incarnation: Incarnation) -> String? {
        if isReplaced(incarnation) { return "another process has taken its place" }
        guard let replica = replicas[incarnation.address], replica.incarnation == incarnation, replica.isSilent else { return nil }
        return replica.problem
    }

    /// A stage has answered a request.
    /// - Returns: false when another process has taken its place.
    package mutating func answered(_ incarnation: Incarnation) -> Bool {
        guard replicas[incarnation.address]?.incarnation == incarnation else { return false }
        replicas[incarnation.address]?.done += 1
        return true
    }

    private static func problem(_ description: StageDescription, _ health: Health) -> String {
        if StageKind(rawValue: description.kind) == nil { return "is a \(description.kind), not a stage" }
        if description.protocolVersion != WireProtocol.version {
            return "speaks protocol \(description.protocolVersion), this gateway \(WireProtocol.version)"
        }
        switch description.state {
        case .starting: return "is starting"
        case .draining: return "is draining"
        case .serving, .unspecified: return health == .serving ? "" : "is not serving"
        }
    }
}

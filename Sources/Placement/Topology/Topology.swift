public import Domain

/// What an operator asks for: models, stages, replicas, cards and limits. Everything may be left out.
public struct Topology: Sendable, Hashable {
    public enum Replicas: Sendable, Hashable {
        /// As many as the cards take and the balance of the stages asks for.
        case auto
        case count(Int)
    }

    /// One kind of stage.
    public struct Stage: Sendable, Hashable {
        /// Nil: one on each card it names; else vision one, the others `auto`.
        public var replicas: Replicas?
        /// In turn; empty: placed automatically.
        public var cards: [String] = []
        /// Of diffusion: for each of `cards` the one that computes a side of guidance beside it; empty: none does.
        public var guidanceCards: [String] = []
        /// Of diffusion: large pictures go through the VAE in tiles.
        public var vaeTiling = false
        /// Nil: the topology's.
        public var model: String?
        /// Sequences that the text stage works on together.
        public var batch: Int?
        public var precision: Precision?
        /// Of a stage on the host.
        public var threads: Int?

        public init(
            replicas: Replicas? = nil, cards: [String] = [], model: String? = nil, batch: Int? = nil, precision: Precision? = nil, threads: Int? = nil
        ) {
            self.replicas = replicas
            self.cards = cards
            self.model = model
            self.batch = batch
            self.precision = precision
            self.threads = threads
        }
    }

    /// A card to use. With chip and memory it is declared: it counts where nothing can be discovered.
    public struct DeclaredCard: Sendable, Hashable {
        public var name: String
        public var chip: String?
        /// In bytes.
        public var memory: Int?

        public init(name: String, chip: String? = nil, memory: Int? = nil) {
            self.name = name
            self.chip = chip
            self.memory = memory
        }
    }

    /// What requests are planned for.
    public struct Limits: Codable, Sendable, Hashable {
        /// Area of the largest picture.
        public var pixels = 2048 * 2048
        /// Source pictures of an edit, each as large as `pixels`.
        public var sources = 1
        /// Requests that wait in the gateway.
        public var queue = 256
        /// How long a finished job's picture is kept, in seconds.
        public var jobsKept = 24 * 3600

        public init() {}

        enum CodingKeys: String, CodingKey {
            case pixels, sources, queue
            case jobsKept = "jobs_kept_seconds"
        }
    }

    /// The folder of the model of all stages that name no other; nil: the caller's.
    public var model: String?
    public var stages: [StageKind: Stage] = [:]
    /// Empty: all that are there.
    public var cards: [DeclaredCard] = []
    public var limits = Limits()
    /// Stages elsewhere: `host:port`.
    public var remote: [String] = []
    /// The file it was read from, for messages.
    public var file: String?

    public init() {}

    public subscript(role: StageKind) -> Stage { stages[role] ?? Stage() }
}

import Checkpoint
public import Domain
public import Foundation
import ModelConfiguration

/// What an operator asks for: models, stages, replicas, devices and limits. Everything may be left out.
public struct Topology: Sendable, Hashable {
    public enum Replicas: Sendable, Hashable {
        /// As many as the cards take and the balance of the stages asks for.
        case auto
        case count(Int)
    }

    /// A model by the name that requests and operators call it.
    public struct Model: Sendable, Hashable {
        public var name: String
        /// Its checkpoint.
        public var folder: String

        public init(name: String, folder: String) {
            self.name = name
            self.folder = folder
        }

        /// Named as its folder.
        public init(folder: String) {
            self.init(name: ModelFolder.name(of: URL(fileURLWithPath: folder)), folder: folder)
        }

        /// Each named as its folder.
        /// - Throws: `invalidModel` for two of one name.
        public static func named(_ folders: [URL]) throws(PlacementError) -> [Model] {
            let models = folders.map { Model(folder: $0.standardizedFileURL.path) }
            for (index, model) in models.enumerated() where models[..<index].contains(where: { $0.name == model.name }) {
                throw PlacementError(.invalidModel, "two models are called \(model.name); a topology can give them names of their own")
            }
            return models
        }
    }

    /// Stages of one kind that serve the same model in the same way.
    public struct Group: Sendable, Hashable {
        /// The model's name; nil: the only one.
        public var model: String?
        /// Of another checkpoint than the model's, for this group alone.
        public var folder: String?
        /// Nil: one for each entry of `devices`; without devices what the kind's descriptor says.
        public var replicas: Replicas?
        /// For each stage in turn the devices that it computes on, the main one first. Empty: placed automatically.
        public var devices: [[DeviceID]] = []
        /// Sequences that a text stage works on together.
        public var batch: Int?
        /// Codes that a pass of a text stage guesses at most; nil: the program's default.
        public var speculativeTokens: Int?
        public var precision = PrecisionChoice.auto
        /// Of a stage on the host.
        public var threads: Int?
        /// Of stages on accelerators; nil: the highest level that CANN takes there.
        public var determinism: DeterminismLevel?
        /// Of diffusion: large images go through the VAE in tiles; nil: as ``DeviceID/tilesImages`` of the stage's device.
        public var vaeTiling: Bool?
        /// Of diffusion: the largest `step_cache` that requests may ask for; nil: none may.
        public var stepCache: Float?
        /// Devices among which each pass is divided, and how; nil: there is one.
        public var ranks = 1
        public var division: PassDivision?
        /// Seconds that one of these devices waits for the others; nil: the program's default.
        public var hcclTimeout: Int?

        public init(
            model: String? = nil, folder: String? = nil, replicas: Replicas? = nil, devices: [[DeviceID]] = [], batch: Int? = nil,
            speculativeTokens: Int? = nil, precision: PrecisionChoice = .auto, threads: Int? = nil, determinism: DeterminismLevel? = nil,
            vaeTiling: Bool? = nil, stepCache: Float? = nil, ranks: Int = 1, division: PassDivision? = nil, hcclTimeout: Int? = nil
        ) {
            self.model = model
            self.folder = folder
            self.replicas = replicas
            self.devices = devices
            self.batch = batch
            self.speculativeTokens = speculativeTokens
            self.precision = precision
            self.threads = threads
            self.determinism = determinism
            self.vaeTiling = vaeTiling
            self.stepCache = stepCache
            self.ranks = ranks
            self.division = division
            self.hcclTimeout = hcclTimeout
        }
    }

    /// A card to use. With chip and memory it is declared: it counts where nothing can be discovered.
    public struct DeclaredCard: Sendable, Hashable {
        public var device: DeviceID
        public var chip: String?
        /// In bytes.
        public var memory: Int?

        public init(device: DeviceID, chip: String? = nil, memory: Int? = nil) {
            self.device = device
            self.chip = chip
            self.memory = memory
        }
    }

    /// What requests are planned for.
    public struct Limits: Codable, Sendable, Hashable {
        /// Area of the largest picture that is drawn.
        public var pixels = 2048 * 2048
        /// Source images of an edit, each as large as `pixels`.
        public var sources = 1
        /// Tokens of a conversation and its answer that each sequence of a batch finds room for.
        public var context = Footprint.Limits.defaultContext
        /// Requests in the gateway, waiting or in progress.
        public var queue = 256
        /// How long a finished job's picture is kept, in seconds.
        public var jobsKept = 24 * 3600
        /// Jobs that may wait, and that may be under way; nil: the gateway's default.
        public var jobsQueued, jobsRunning: Int?
        /// Of the requests and results of all jobs; nil: what those that may wait can need.
        public var jobsBytes: Int?

        static let contexts = 256...1_048_576
        public static let jobsQueuedRange = 1...1_000_000, jobsRunningRange = 1...10_000
        public static let leastJobsBytes = 64 << 20

        public init() {}

        enum CodingKeys: String, CodingKey {
            case pixels, sources, context, queue
            case jobsKept = "jobs_kept_seconds"
            case jobsQueued = "jobs_queued"
            case jobsRunning = "jobs_running"
            case jobsBytes = "jobs_bytes"
        }
    }

    /// In the order of the file. Empty: the caller's one.
    public var models: [Model] = []
    /// Groups of a kind in the order of the file; a kind that is not named is placed automatically, where the file doesn't name several
    /// models.
    public var stages: [StageKind: [Group]] = [:]
    /// Empty: all that are there.
    public var cards: [DeclaredCard] = []
    public var limits = Limits()
    /// Stages elsewhere: `host:port`, or `https://host:port` where TLS is spoken.
    public var remote: [String] = []
    /// The file it was read from, for messages.
    public var file: String?
    /// Where models and groups stand in the file, by their paths: `models.draft`, `stages.text[1]`.
    var lines: [String: Int] = [:]

    public init() {}

    /// How messages begin: `fleet.yaml: `.
    var place: String { file.map { "\($0): " } ?? "" }

    /// How messages about what stands at a path begin: `fleet.yaml:7: `.
    func place(_ path: String) -> String { file.flatMap { file in lines[path].map { "\(file):\($0): " } } ?? place }
}

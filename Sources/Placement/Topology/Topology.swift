import Checkpoint
public import Domain
import Foundation

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
    }

    /// Stages of one kind that serve the same model in the same way.
    public struct Group: Sendable, Hashable {
        /// The model's name; nil: the only one.
        public var model: String?
        /// Nil: one for each entry of `devices`; without devices what the kind's descriptor says.
        public var replicas: Replicas?
        /// For each stage in turn the devices that it computes on, the main one first. Empty: placed automatically.
        public var devices: [[DeviceID]] = []
        /// Sequences that a text stage works on together.
        public var batch: Int?
        public var precision: Precision?
        /// Of a stage on the host.
        public var threads: Int?
        /// Of diffusion: large images go through the VAE in tiles.
        public var vaeTiling = false

        public init(
            model: String? = nil, replicas: Replicas? = nil, devices: [[DeviceID]] = [], batch: Int? = nil, precision: Precision? = nil,
            threads: Int? = nil, vaeTiling: Bool = false
        ) {
            self.model = model
            self.replicas = replicas
            self.devices = devices
            self.batch = batch
            self.precision = precision
            self.threads = threads
            self.vaeTiling = vaeTiling
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
        /// Area of the largest picture.
        public var pixels = 2048 * 2048
        /// Source images of an edit, each as large as `pixels`.
        public var sources = 1
        /// Requests in the gateway, waiting or in progress.
        public var queue = 256
        /// How long a finished job's picture is kept, in seconds.
        public var jobsKept = 24 * 3600

        public init() {}

        enum CodingKeys: String, CodingKey {
            case pixels, sources, queue
            case jobsKept = "jobs_kept_seconds"
        }
    }

    /// In the order of the file. Empty: the caller's one.
    public var models: [Model] = []
    /// Groups of a kind in the order of the file; a kind that is not named is placed automatically for the only model.
    public var stages: [StageKind: [Group]] = [:]
    /// Empty: all that are there.
    public var cards: [DeclaredCard] = []
    public var limits = Limits()
    /// Stages elsewhere: `host:port`.
    public var remote: [String] = []
    /// The file it was read from, for messages.
    public var file: String?

    public init() {}

    /// How messages begin: `fleet.yaml: `.
    var place: String { file.map { "\($0): " } ?? "" }
}

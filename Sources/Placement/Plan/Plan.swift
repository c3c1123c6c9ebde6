public import Checkpoint
public import Domain
public import ModelConfiguration

/// Card by card, what would run and what it takes; decided before anything is loaded.
public struct Plan: Encodable, Sendable {
    /// A card and the stages on it.
    public struct PlannedCard: Encodable, Sendable, Hashable {
        public var card: Card
        public var stages: [StageSpec]
        /// Stages of other cards that compute a part of their work here.
        public var guests: [Guest] = []

        /// What a stage of another card takes of this one.
        public struct Guest: Codable, Sendable, Hashable {
            public var stage: String
            public var memory: [MemoryItem]
            public var bytes: Int { memory.bytes }
        }

        /// Bytes that stages and guests take together.
        public var taken: Int { ByteCount.sum([stages.bytesTogether] + guests.map(\.bytes)) }
        /// Bytes left for more; negative where the stages don't fit.
        public var left: Int { card.available - taken }

        enum CodingKeys: String, CodingKey { case card, stages, guests, available, taken, left }

        public func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(card, forKey: .card)
            try values.encode(stages, forKey: .stages)
            try values.encode(guests, forKey: .guests)
            try values.encode(card.available, forKey: .available)
            try values.encode(taken, forKey: .taken)
            try values.encode(left, forKey: .left)
        }
    }

    /// What doesn't fit, and by how much.
    public struct Shortage: Codable, Sendable, Hashable, CustomStringConvertible {
        public var device: DeviceID
        public var stages: [String]
        /// In bytes.
        public var needed, available: Int
        public var lacking: Int { needed - available }

        public var description: String {
            let subject = stages.count == 1 ? "\(stages[0]) needs" : "\(stages.joined(separator: ", ")) together need"
            return "\(device): \(subject) \(ByteCount(needed)), \(ByteCount(available)) are available; \(ByteCount(lacking)) are lacking"
        }
    }

    /// The stages of one kind and model in numbers: predictions for one request like ``Throughput``'s.
    public struct Forecast: Codable, Sendable, Hashable {
        public var model: String
        public var kind: StageKind
        public var replicas: Int
        /// Seconds that one replica works for one request; the mean over their cards.
        public var seconds: Double
        public var requestsPerSecond: Double { Double(replicas) / seconds }
    }

    /// What a model's stages bring when they have their cards for themselves, by prediction.
    public struct Throughput: Encodable, Sendable, Hashable {
        public var model: String
        public var pipeline: ModelPipeline
        /// In a second, at most: images of 1024 × 1024 with 50 steps, or answers of 256 tokens about an image of 1024 × 1024.
        public var requestsPerSecond: Double

        enum CodingKeys: String, CodingKey {
            case model
            case picturesPerSecond = "pictures_per_second"
            case answersPerSecond = "answers_per_second"
        }

        public func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(model, forKey: .model)
            try values.encode(requestsPerSecond, forKey: pipeline == .image ? .picturesPerSecond : .answersPerSecond)
        }
    }

    /// In the order of the topology.
    public let models: [Topology.Model]
    /// Those that were to be used, in the order of their numbers.
    public let cards: [PlannedCard]
    /// What requests in flight get when the gateway is told to end: enough for the largest image that is planned for.
    public let drainDeadline: Duration
    public let shortages: [Shortage]
    public let forecasts: [Forecast]
    /// For each model.
    public let throughput: [Throughput]
    /// Why it came out like this, and what was left aside.
    public let notes: [String]
    public let limits: Topology.Limits
    /// Stages elsewhere: `host:port`.
    public let remote: [String]
    let planner: Planner

    /// Every process, in the order of the work.
    public var stages: [StageSpec] {
        let all = cards.flatMap(\.stages)
        return StageKind.allCases.flatMap { kind in
            all.filter { $0.kind == kind }.sorted { (Int($0.instance) ?? 0) < (Int($1.instance) ?? 0) }
        }
    }

    public var isFeasible: Bool { shortages.isEmpty }

    /// The kind of stage that limits how many requests a model serves: images that no source is edited for, answers about an image.
    public func bottleneck(of model: String) -> Forecast? {
        let needed = throughput.first { $0.model == model }?.pipeline.stageKinds(sources: 0) ?? []
        return forecasts.filter { $0.model == model && needed.contains($0.kind) }.min { $0.requestsPerSecond < $1.requestsPerSecond }
    }

    enum CodingKeys: String, CodingKey {
        case models, cards, shortages, forecasts, throughput, notes, limits, remote
        case isFeasible = "feasible"
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(isFeasible, forKey: .isFeasible)
        try values.encode(Dictionary(models.map { ($0.name, $0.folder) }, uniquingKeysWith: { first, _ in first }), forKey: .models)
        try values.encode(cards, forKey: .cards)
        try values.encode(shortages, forKey: .shortages)
        try values.encode(forecasts, forKey: .forecasts)
        try values.encode(throughput, forKey: .throughput)
        try values.encode(notes, forKey: .notes)
        try values.encode(limits, forKey: .limits)
        try values.encode(remote, forKey: .remote)
    }
}

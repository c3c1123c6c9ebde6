public import Domain
import Foundation

/// One stage that the gateway keeps alive: all that its process is started with.
public struct StageSpec: Codable, Sendable, Hashable {
    public var kind: StageKind
    /// Unique among the stages of its kind.
    public var instance: String
    /// What it runs on: `cpu`, `npu:3`.
    public var card: String
    /// A second card, where a side of guidance is computed.
    public var guidanceCard: String?
    /// The model's folder.
    public var model: String
    /// Of the model; empty: not known before a stage has loaded it.
    public var fingerprint: String
    /// Set for its process, beside what the gateway has: which card it sees.
    public var environment: [String: String]
    /// Flags of its program beside those that all stages of a fleet share.
    public var arguments: [String]

    public init(
        kind: StageKind, instance: String, card: String = "cpu", guidanceCard: String? = nil, model: String, fingerprint: String = "",
        environment: [String: String] = [:], arguments: [String] = []
    ) {
        self.kind = kind
        self.instance = instance
        self.card = card
        self.guidanceCard = guidanceCard
        self.model = model
        self.fingerprint = fingerprint
        self.environment = environment
        self.arguments = arguments
    }

    /// As the topology names its model.
    public var modelName: String { URL(fileURLWithPath: model).lastPathComponent }

    /// As people name it: `text-0`.
    public var name: String { "\(kind.rawValue)-\(instance)" }

    /// Its cards as the machine counts them. Its process counts only those that it may see: to it the first of them is `npu:0`.
    var cards: String { ([card] + [guidanceCard].compactMap(\.self)).joined(separator: ", ") }
}

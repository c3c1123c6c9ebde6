public import Foundation
public import Domain

/// One process of a plan: what it is started with, and what it takes.
public struct PlannedStage: Codable, Sendable, Hashable {
    public var role: StageKind
    /// `0`, `1`, …: unique among the stages of its role.
    public var instance: String
    /// `cpu`, `npu:3`.
    public var card: String
    /// The number by which the runtime opens the card; nil on the host.
    public var logical: Int?
    /// The model's folder.
    public var model: String
    /// Sequences that the text stage works on together; 1 for the others.
    public var batch: Int
    public var precision: Precision
    /// On the host; nil: one for each processor.
    public var threads: Int?
    /// Large pictures go through the VAE in tiles.
    public var vaeTiling: Bool
    public var needs: [Need]
    /// Where one side of guidance is computed beside the other; nil: on `card`, after it.
    public var guidance: Guidance?

    /// A second card of a stage.
    public struct Guidance: Codable, Sendable, Hashable {
        public var card: String
        public var logical: Int?
        /// What the stage takes of it.
        public var needs: [Need]
    }

    /// As people name it: `text-0`.
    public var name: String { "\(role.rawValue)-\(instance)" }
    public var modelFolder: URL { URL(fileURLWithPath: model, isDirectory: true) }
    /// Bytes that it takes when it is alone on its card.
    public var bytes: Int { needs.reduce(0) { $0 + $1.bytes } }

    /// How the process names its device: it sees its own cards only, and numbers what it sees from 0.
    public var device: String { logical.flatMap(visible.firstIndex).map { "npu:\($0)" } ?? Card.hostName }

    /// The runtime wants them in ascending order.
    private var visible: [Int] { [logical, guidance?.logical].compactMap(\.self).sorted() }

    /// Flags of its program that follow from the plan, beside its model, socket and what all stages share: it takes what
    /// was planned for it, not what its own defaults would.
    public var arguments: [String] {
        var arguments = ["--device", device, "--precision", precision.rawValue]
        if let threads { arguments += ["--threads", "\(threads)"] }
        switch role {
        case .vision: break
        case .text: arguments += ["--batch", "\(batch)", "--kv-cache", mebibytes(.keysAndValues)]
        case .diffusion: arguments += ["--condition-cache", mebibytes(.sourceCache)] + (vaeTiling ? ["--vae-tiling"] : [])
        }
        if let index = guidance?.logical.flatMap(visible.firstIndex) { arguments += ["--guidance-device", "npu:\(index)"] }
        return arguments
    }

    private func mebibytes(_ item: Need.Item) -> String {
        ByteCount(needs.first { $0.item == item }?.bytes ?? 0).flag
    }

    /// What its process is to have in its environment. The runtime hides all other cards from it.
    public var environment: [String: String] {
        visible.isEmpty ? [:] : ["ASCEND_RT_VISIBLE_DEVICES": visible.map(String.init).joined(separator: ",")]
    }
}

extension [PlannedStage] {
    /// Bytes that stages take together on one card: pages of a file that several map count once.
    var bytesTogether: Int {
        var shared: Set<String> = []
        return reduce(0) { sum, stage in
            sum
                + stage.needs.reduce(0) { sum, need in
                    // Each role has tensors of its own in a model's files.
                    need.isShared && !shared.insert("\(stage.role.rawValue) \(stage.model)").inserted ? sum : sum + need.bytes
                }
        }
    }
}

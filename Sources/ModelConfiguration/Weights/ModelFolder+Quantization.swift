public import Checkpoint
public import Domain

extension ModelFolder {
    /// How the products' weights that a stage of the kind holds are quantised: `int8`, `int4`, or empty where they are plain numbers.
    public func quantization(_ kind: StageKind) throws(CheckpointError) -> String {
        var found: Set<String> = []
        let components = kind.components(of: pipeline)
        for part in CheckpointPart.parts(of: pipeline) where components.contains(part.rawValue) {
            let tensors = try weights(part.rawValue).entries.map(\.tensor)
            let names = Set(tensors.map(\.name))
            for tensor in tensors where part.stage(of: tensor.name) == kind {
                switch part.form(of: tensor, among: names) {
                case .placed where tensor.type == "I8": found.insert("int8")
                case .unpacked: found.insert("int4")
                default: break
                }
            }
        }
        return found.sorted().joined(separator: "+")
    }
}

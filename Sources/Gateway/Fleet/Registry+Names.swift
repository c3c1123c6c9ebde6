import Domain
import Wire

/// What stages are called: no two that are known at the same time have one name.
extension Registry.Replica {
    /// What it says that tells it from others of its kind: elsewhere any number of processes may say the same.
    package var instance: String { description?.instance ?? "" }

    /// What does: in the run directory, where that is the name of its socket, the same; else with the address.
    package var ownInstance: String {
        let isPlain = origin == nil && "\(address)".hasSuffix("/\(description?.kind ?? "")-\(instance).sock")
        return isPlain ? instance : "\(instance.prefix(bytes: 32))@\(address)"
    }

    /// `text-0`, or `text-0@10.0.0.7:50052`; the address of one that has not said what it is.
    var uniqueName: String { description.map { "\($0.kind)-\(ownInstance)" } ?? "\(address)" }

    /// What it calls itself, which others may, too.
    fileprivate var saidName: String { description.map { "\($0.kind)-\($0.instance)" } ?? "" }
}

extension Registry {
    /// The stages that an operator means: one by its name or address, else all that call themselves so.
    package func stages(called text: String) -> [Replica] {
        let address = try? Address(parsing: text)
        if let one = replicas.values.first(where: { $0.name == text || $0.address == address }) { return [one] }
        return listing.filter { $0.saidName == text }
    }
}

import Domain
import Wire

/// Stages elsewhere come and go by what names stand for.
extension Fleet {
    /// Where they are now. An address that several origins have is of the first.
    var elsewhere: [Address: StageOrigin] {
        guard !isEnding else { return [:] }
        var addresses: [Address: StageOrigin] = [:]
        for origin in origins {
            let found: [Address] =
                switch origin {
                case .address(let address): [address]
                case .name(let name): (answers[name]?.addresses ?? []).map(name.address)
                }
            for address in found where addresses[address] == nil { addresses[address] = origin }
        }
        return addresses
    }

    /// A name stands for these addresses from now on.
    func resolved(_ name: StageName, _ answer: NameAnswer) {
        answers[name] = answer
        registry.unresolved[name] = answer.problem.isEmpty ? nil : answer.problem
        update(found)
    }

    /// A stage has said what it is: its kind is needed from now on, if it is elsewhere.
    func needs(_ replica: Registry.Replica) {
        guard let kind = replica.kind, let origin = replica.origin, registry.needed.heard(kind, from: origin) else { return }
        keepKinds(registry.needed.told)
    }
}

extension StageOrigin {
    /// What certificates are for; nil: for the address itself.
    var certificateName: String? { if case .name(let name) = self { name.host } else { nil } }
}

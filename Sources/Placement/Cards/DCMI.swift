import Domain
import CCards
import Foundation

/// Cards by the driver's management interface.
struct DCMI {
    /// What `dlopen` gets. By name alone it is found where the loader's path leads.
    let libraries: [String]

    private static let standardLibraries = [
        "libdcmi.so", "/usr/local/dcmi/libdcmi.so", "/usr/local/Ascend/driver/lib64/driver/libdcmi.so",
    ]

    /// - Parameter named: the only library to try; nil: the usual places.
    init(library named: String?) { libraries = named.map { [$0] } ?? Self.standardLibraries }

    enum Answer {
        case cards([Card], library: String)
        /// There is no such library here.
        case absent
        case failed(String)
    }

    func read() -> Answer {
        for library in libraries {
            switch read(library) {
            case .absent: continue
            case let answer: return answer
            }
        }
        return .absent
    }

    private func read(_ library: String) -> Answer {
        var found = [ccards_card](repeating: ccards_card(), count: 128)
        var reason = [CChar](repeating: 0, count: 256)
        let count = ccards_read(library, &found, Int32(found.count), &reason, reason.count)
        // A library that is there and can't be loaded lacks another one: that is to be known.
        if count == Int32(CCARDS_NO_LIBRARY), !FileManager.default.fileExists(atPath: library) { return .absent }
        let why = String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard count >= 0 else { return .failed("\(library): \(why)") }
        if let wrong = found.prefix(Int(count)).first(where: { DeviceID("npu:\($0.logical)") == nil }) {
            return .failed("\(library): the die \(wrong.chip) of card \(wrong.card) has the number \(wrong.logical)")
        }
        return .cards(found.prefix(Int(count)).map(Card.init).withPowerOfPackages, library: library)
    }
}

extension Card {
    fileprivate init(_ found: ccards_card) {
        func known(_ value: Int32) -> Int? { value < 0 ? nil : Int(value) }
        let chip = withUnsafeBytes(of: found.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        func mebibytes(_ value: Int64) -> Int { min(max(0, Int(value)), Card.mostMebibytes) * ByteCount.mebibyte }
        let memory = mebibytes(found.memory)
        self.init(
            device: .npu(Int(found.logical)), chip: chip, memory: memory,
            free: found.used < 0 ? nil : max(0, memory - mebibytes(found.used)),
            health: Health(dcmi: found.health), temperature: Card.plausible(temperature: Int(found.temperature)),
            power: Card.plausible(power: Double(found.power) / 10), slowedBy: Card.SlowCause.causes(found.slowed),
            location: Location(card: Int(found.card), chip: Int(found.chip), physical: known(found.physical)),
            source: .dcmi)
    }
}

extension [Card] {
    /// Where the dies of a package tell its power, only the first shows it.
    fileprivate var withPowerOfPackages: [Card] {
        let dies = indices.filter { self[$0].power != nil && self[$0].location != nil }
        var cards = self
        for package in Dictionary(grouping: dies, by: { self[$0].location?.card }).values {
            var power = PackagePower()
            _ = power.read(package.compactMap { self[$0].power })
            if power.isOfPackage { for die in package.dropFirst() { cards[die].power = nil } }
        }
        return cards
    }
}

extension Card.SlowCause {
    /// Of the bits that DCMI tells, those that slow work; another says that there is none.
    fileprivate static func causes(_ bits: Int64) -> [Card.SlowCause]? { bits < 0 ? nil : allCases.filter { bits >> $0.bit & 1 == 1 } }

    private var bit: Int {
        switch self {
        case .thermal: 2
        case .current: 3
        case .powerBreak: 5
        case .capping: 10
        case .loadAware: 11
        }
    }
}

extension Card.Health {
    fileprivate init(dcmi value: Int32) {
        switch value {
        case 0: self = .ok
        case 1: self = .minor
        case 2: self = .major
        case 3: self = .critical
        case 0xFFFF: self = .absent
        default: self = .unknown
        }
    }
}

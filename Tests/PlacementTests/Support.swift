import Domain
import Foundation
import Placement
import Testing

let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")
let topologies = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(
    path: "deploy/topologies")
let tiny = fixtures.appending(path: "tiny-f32", directoryHint: .isDirectory)

let gibibyte = 1 << 30

/// The message of a body that must fail with this code.
@discardableResult
func failure(_ code: PlacementError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) -> String {
    do {
        try body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        return ""
    } catch let error as PlacementError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        return error.message
    } catch {
        Issue.record("\(error)", sourceLocation: sourceLocation)
        return ""
    }
}

extension Card {
    static func npu(_ number: Int, chip: String = "910B3", memory: Int = 64 * gibibyte, used: Int = 4 * gibibyte, health: Health = .ok) -> Card {
        Card(device: .npu(number), chip: chip, memory: memory, free: memory - used, health: health, source: .dcmi)
    }

    static let host = host(.f32)

    /// - Parameter precision: what its processors multiply natively.
    static func host(_ precision: Precision) -> Card {
        Card(
            device: .cpu, chip: "processors", memory: 64 * gibibyte, free: 60 * gibibyte, processors: 16, precision: precision, source: .host)
    }
}

extension Inventory {
    static func npus(_ count: Int, chip: String = "910B3", memory: Int = 64 * gibibyte) -> Inventory {
        Inventory(cards: (0..<count).map { Card.npu($0, chip: chip, memory: memory) } + [.host])
    }

    static let hostOnly = Inventory(cards: [.host])
}

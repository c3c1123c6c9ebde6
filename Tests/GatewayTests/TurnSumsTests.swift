import Domain
import Gateway
import TestSupport
import Testing

@Suite struct TurnSumsTests {
    @Test("whoever comes, moves on and leaves, the sums before each turn are those of a scan", arguments: [40, 2000])
    func agreesWithScan(requests: Int) {
        var random = SeededRandom("turn sums, \(requests)")
        var sums = TurnSums()
        var scan: [FairOrder.Turn: [StageKind: Forecast.Units]] = [:]
        func units() -> [StageKind: Forecast.Units] {
            let kinds = StageKind.allCases.filter { _ in Bool.random(using: &random) }
            return Dictionary(uniqueKeysWithValues: kinds.map { ($0, Double(Int.random(in: 0...9, using: &random))) })
        }
        func compare(_ turn: FairOrder.Turn) {
            let before = scan.filter { $0.key < turn }.values
            var lines: [StageKind: Forecast.Line] = [:]
            for (kind, units) in before.joined() {
                let line = lines[kind] ?? Forecast.Line()
                lines[kind] = Forecast.Line(requests: line.requests + 1, units: line.units + units)
            }
            let told = sums.before(turn)
            #expect(told.count == before.count && told.lines == lines)
        }
        for arrival in 0..<requests {
            let turn = FairOrder.Turn(start: Double(Int.random(in: 0...20, using: &random)), arrival: arrival)
            scan[turn] = units()
            sums.set(turn, scan[turn]!)
        }
        for step in 0..<requests {
            guard let turn = scan.keys.randomElement(using: &random) else { break }
            if Bool.random(using: &random) {
                scan[turn] = units()
                sums.set(turn, scan[turn]!)
            } else {
                scan[turn] = nil
                sums.remove(turn)
                sums.remove(turn)
            }
            if step % (requests / 20) == 0 { compare(FairOrder.Turn(start: Double(Int.random(in: 0...20, using: &random)), arrival: step)) }
        }
        compare(FairOrder.Turn(start: 21, arrival: 0))
        for turn in scan.keys { sums.remove(turn) }
        #expect(sums.isEmpty && sums.before(FairOrder.Turn(start: 21, arrival: 0)).count == 0)
    }
}

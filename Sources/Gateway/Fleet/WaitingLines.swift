import Domain

/// Requests that wait for a slot, each in the order of turns. Those that ask the same of a stage are one line: where its first gets nothing,
/// nobody behind does.
struct WaitingLines: Sendable {
    typealias ID = SlotScheduler.ID

    /// A request's place among those that wait.
    struct Place: Sendable, Hashable, Comparable {
        let turn: FairOrder.Turn
        let id: ID

        static func < (a: Place, b: Place) -> Bool { (a.turn, a.id) < (b.turn, b.id) }
    }

    /// What the requests of a line ask for.
    struct Wish: Sendable, Hashable {
        /// Without the turn; as `stepCache` the least that stages allow and that is enough, of which there are few.
        let request: SlotRequest
    }

    private var requests: [ID: SlotRequest] = [:]
    private var lines: [StageKind: [Wish: OrderedList<Place>]] = [:]
    private var counts: [StageKind: Int] = [:]
    /// The values of `maxStepCache` that stages of a kind have.
    private var stepCaches: [StageKind: [Float]] = [:]

    func count(_ kind: StageKind) -> Int { counts[kind] ?? 0 }
    subscript(id: ID) -> SlotRequest? { requests[id] }
    func wishes(_ kind: StageKind) -> [Wish] { lines[kind].map { Array($0.keys) } ?? [] }

    /// Who comes in a line behind a place; nil: who comes first.
    func next(_ wish: Wish, after place: Place? = nil) -> Place? {
        guard let line = lines[wish.request.kind]?[wish] else { return nil }
        guard let place else { return line.first }
        let index = line.boundary { $0 <= place }
        return index < line.endIndex ? line[index] : nil
    }

    /// The first of a kind, whatever they ask for.
    func first(_ limit: Int, _ kind: StageKind) -> [Place] {
        let lines = (lines[kind] ?? [:]).values.map { $0.prefix(limit) }
        return lines.count == 1 ? Array(lines[0]) : Array(lines.joined().sorted().prefix(limit))
    }

    mutating func add(_ request: SlotRequest, _ id: ID) {
        requests[id] = request
        counts[request.kind, default: 0] += 1
        lines[request.kind, default: [:]][wish(request), default: OrderedList()].insert(Place(turn: request.turn, id: id))
    }

    @discardableResult
    mutating func remove(_ id: ID) -> SlotRequest? {
        guard let request = requests.removeValue(forKey: id) else { return nil }
        let wish = wish(request)
        counts[request.kind, default: 0] -= 1
        lines[request.kind]?[wish]?.remove(Place(turn: request.turn, id: id))
        if lines[request.kind]?[wish]?.isEmpty == true { lines[request.kind]?[wish] = nil }
        return request
    }

    /// Changes what the requests of some lines ask for.
    mutating func move(_ kind: StageKind, where holds: (Wish) -> Bool, _ change: (inout SlotRequest) -> Void) {
        let moved = takeAll(kind, where: holds)
        for (id, var request) in moved {
            change(&request)
            add(request, id)
        }
    }

    /// Stages of a kind have these values of `maxStepCache` from now on.
    mutating func know(_ kind: StageKind, stepCaches values: [Float]) {
        guard values != stepCaches[kind, default: []] else { return }
        let moved = takeAll(kind) { $0.request.stepCache > 0 }
        stepCaches[kind] = values
        for (id, request) in moved { add(request, id) }
    }

    private mutating func takeAll(_ kind: StageKind, where holds: (Wish) -> Bool) -> [(ID, SlotRequest)] {
        let ids = (lines[kind] ?? [:]).filter { holds($0.key) }.values.joined().map(\.id)
        return ids.compactMap { id in remove(id).map { (id, $0) } }
    }

    private func wish(_ request: SlotRequest) -> Wish {
        var request = request
        request.turn = FairOrder.Turn(arrival: 0)
        if request.stepCache > 0 { request.stepCache = stepCaches[request.kind, default: []].first { request.stepCache <= $0 } ?? .infinity }
        return Wish(request: request)
    }
}

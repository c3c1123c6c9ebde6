/// Requests that a model generates for together, in rounds; they join and leave between two of them. Used from one thread at a time.
protocol RequestBatch: AnyObject, SendableMetatype {
    associatedtype Request: Sendable
    /// What is told of a request before its result.
    associatedtype News: Sendable
    associatedtype Result: Sendable

    /// No request generates and none waits.
    var isEmpty: Bool { get }

    /// How often a request has been paused for others.
    var preemptions: Int { get }

    /// Passes of a request that sampled, over all requests, and the tokens that they gave.
    var passes: Int { get }
    var decodedTokens: Int { get }

    /// Appends a request to the queue.
    /// - Returns: its ticket, and what is told at once; nil: nothing.
    /// - Throws: `RequestError` for one that the model refuses.
    func enter(_ request: Request) throws -> (ticket: Int, news: News?)

    /// - Parameters:
    ///   - checkCancellation: called for each ticket, also within a round; what it throws ends the request.
    ///   - onEvent: called with each event, in order.
    /// - Throws: what the device throws. All requests are lost then; call ``removeAll()``.
    func round(checkCancellation: (_ ticket: Int) throws -> Void, onEvent: (BatchEvent<Self>) -> Void) throws

    /// Removes all requests.
    func removeAll()

    /// In which phase of a request this is told, for its timings; nil: while its prompt is read.
    /// - Parameter first: what was told when the request entered.
    static func phase(of news: News, after first: News?) -> String?
}

/// What happened to a request in a round.
enum BatchEvent<Batch: RequestBatch> {
    case news(_ ticket: Int, Batch.News)
    /// The last event of a request.
    case done(_ ticket: Int, Batch.Result)
    /// The last event of a request that ended early.
    case failed(_ ticket: Int, any Error)
}

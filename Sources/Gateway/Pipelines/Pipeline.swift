package import Domain
package import Wire

/// What one request needs from stages, as a value: it says the next step and takes in what came of it. The router runs any.
///
/// Decisions only, without clocks or sockets. A call that is made again on another stage begins anew, or goes on where the last one
/// ended: a pipeline tells the caller only what is new.
package protocol Pipeline: Sendable {
    /// What the caller hears before the response.
    associatedtype News: Sendable
    associatedtype Response: Sendable

    /// - Throws: INTERNAL when what a stage has answered does not fit the request.
    var next: PipelineStep<News, Response> { get throws(CallError) }

    /// What the next attempt of a call asks a stage for.
    /// - Parameter model: fingerprint of the stage's model; nil: any.
    /// - Throws: why no stage of that model can go on with what others have begun.
    func request(of call: StageCall, model: String?) throws(CallError) -> StageRequest

    /// A stage has sent an event for one of the calls of the step.
    /// - Returns: what the caller is to hear; nil: nothing.
    /// - Throws: INTERNAL when the event does not fit the request; the call is then made again elsewhere.
    mutating func received(_ event: StageEvent, for call: StageCall, from source: StageSource) throws(CallError) -> News?

    /// A call that is of use beside those of the step, now that an event was received; nil: none. It is made on a slot that nobody needs, or
    /// not at all, and ends with the step at the latest. Its events are received as others are; that it fails is nobody's failure.
    mutating func takeSideCall() -> StageCall?

    /// In the caller's words: what a stage refused.
    func refusal(_ error: CallError, of call: StageCall) -> CallError

    /// Adds news to those before it, which the caller has not taken yet.
    /// - Returns: false when they have to be told apart.
    static func merge(_ news: News, into last: inout News) -> Bool
}

extension Pipeline {
    package func request(of call: StageCall, model: String?) throws(CallError) -> StageRequest { call.request }
    package mutating func takeSideCall() -> StageCall? { nil }
    package func refusal(_ error: CallError, of call: StageCall) -> CallError { error }
}

package enum PipelineStep<News: Sendable, Response: Sendable>: Sendable {
    /// These calls, at the same time; the caller hears `news` before them.
    case calls([StageCall], news: News?)
    case done(Response)
}

/// One call of a step.
package struct StageCall: Sendable, Hashable {
    /// Among the calls of its step, from 0.
    package let index: Int
    package let request: StageRequest
    /// What it costs a stage, in units of its kind.
    package let units: Forecast.Units
    /// Whether it was taken by ``Pipeline/takeSideCall()``.
    package let isSideCall: Bool

    package init(index: Int = 0, _ request: StageRequest, units: Forecast.Units, isSideCall: Bool = false) {
        self.index = index
        self.request = request
        self.units = units
        self.isSideCall = isSideCall
    }
}

/// Who sent an event.
package struct StageSource: Sendable, Hashable {
    package let instance: String
    /// Fingerprint of its model.
    package let fingerprint: String
    /// How it computes.
    package let numerics: Numerics
    /// How the stage computes that the call was on first; nil: in the same way.
    package let insteadOf: Numerics?
    /// When it was called, in seconds from the arrival of the request.
    package let called: Double
    /// Of a result: what each of its phases took of the stage's cards; nil, or missing: not measured.
    package var joules: [Double?]

    package init(
        instance: String, fingerprint: String, numerics: Numerics = Numerics(), insteadOf: Numerics? = nil, called: Double = 0, joules: [Double?] = []
    ) {
        self.instance = instance
        self.fingerprint = fingerprint
        self.numerics = numerics
        self.insteadOf = insteadOf
        self.called = called
        self.joules = joules
    }
}

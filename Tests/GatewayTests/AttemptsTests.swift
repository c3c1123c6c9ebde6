import Gateway
import Testing
import Wire

@Suite struct AttemptsTests {
    private var attempts = Attempts()

    private func replica(_ index: Int) -> Registry.Replica {
        Stages.registry([("text", "\(index)", "aa")]).replicas[Stages.address("text-\(index)")]!
    }

    @Test(
        "what another stage could not do better is given up at once, and does not count against the stage",
        arguments: [CallStatus.invalidArgument, .failedPrecondition, .unimplemented, .deadlineExceeded])
    func ownFault(_ status: CallStatus) {
        var attempts = attempts
        let error = CallError(status, "steps 0")
        let said = status == .invalidArgument ? "steps 0" : "stage text-0: steps 0"
        #expect(attempts.failed(error, at: replica(0)) == .giveUp(CallError(status, said)))
        #expect(attempts.failures == 0 && !Attempts.isSuspicious(error))
    }

    @Test(
        "what may be the stage's fault is computed again elsewhere, and the stage is suspect",
        arguments: [CallStatus.unavailable, .internalError, .unknown, .cancelled, .aborted])
    func stageFault(_ status: CallStatus) {
        var attempts = attempts
        let error = CallError(status, "broken")
        #expect(attempts.failed(error, at: replica(0)) == .again(after: .milliseconds(40)))
        #expect(attempts.failures == 1 && attempts.avoid == [replica(0).incarnation])
        #expect(Attempts.isSuspicious(error))
    }

    @Test("a stage that starts or drains says so: the request goes on at once, nobody is blamed")
    mutating func comesAndGoes() {
        let error = CallError(.unavailable, "draining", retryAfter: .milliseconds(200))
        for _ in 0..<20 { #expect(attempts.failed(error, at: replica(0)) == .again(after: .milliseconds(20))) }
        #expect(attempts == Attempts() && !Attempts.isSuspicious(error))
    }

    @Test("a full stage is asked again when it says, after five seconds at most, as often as it takes")
    mutating func full() {
        func full(_ hint: Duration?) -> CallError { CallError(.resourceExhausted, "busy", retryAfter: hint) }
        #expect(attempts.failed(full(.milliseconds(700)), at: replica(0)) == .again(after: .milliseconds(700)))
        #expect(attempts.failed(full(.seconds(60)), at: replica(0)) == .again(after: .seconds(5)))
        #expect(attempts.failed(full(nil), at: replica(0)) == .again(after: .milliseconds(200)))
        #expect(attempts == Attempts() && !Attempts.isSuspicious(full(nil)))
    }

    @Test("a request that has lost two stages gets a stage for itself from then on")
    mutating func isolation() {
        _ = attempts.failed(CallError(.unavailable, "gone"), at: replica(0))
        #expect(!attempts.needsIsolation)
        _ = attempts.failed(CallError(.unavailable, "gone"), at: replica(1))
        #expect(attempts.needsIsolation)
        #expect(attempts.avoid == [replica(0).incarnation, replica(1).incarnation])
    }

    @Test("the pauses grow, and after six lost stages the request is given up with the number and the last reason")
    mutating func givenUp() {
        var pauses: [Duration] = []
        for index in 0..<5 {
            guard case .again(let pause) = attempts.failed(CallError(.unavailable, "gone"), at: replica(index)) else { break }
            pauses.append(pause)
        }
        #expect(pauses == [40, 80, 160, 320, 640].map { .milliseconds($0) })
        #expect(
            attempts.failed(CallError(.internalError, "broken"), at: replica(5))
                == .giveUp(
                    CallError(.aborted, "given up: 6 stages failed while they computed this request, the last was text-5: broken")))
    }
}

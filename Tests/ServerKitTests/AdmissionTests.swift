import ServerKit
import Testing

@Suite struct AdmissionTests {
    @Test("as many as there is capacity for run, the queue's length wait in order, the rest is refused")
    func bounds() {
        var admission = Admission(capacity: 2, queueCapacity: 2)
        #expect(admission.arrive() == .run(1))
        #expect(admission.arrive() == .run(2))
        #expect(admission.arrive() == .wait(3, position: 1))
        #expect(admission.arrive() == .wait(4, position: 2))
        #expect(admission.arrive() == .refuse)
        #expect(admission.leave(2) == 3)
        #expect(admission.arrive() == .wait(5, position: 2))
        #expect(admission.leave(1) == 4)
        #expect(admission.running == [3, 4])
    }

    @Test("who gives up while waiting leaves the queue, and nobody's turn comes by it")
    func givingUp() {
        var admission = Admission(capacity: 1, queueCapacity: 2)
        _ = (admission.arrive(), admission.arrive(), admission.arrive())
        #expect(admission.leave(2) == nil)
        #expect(admission.waiting == [3])
        #expect(admission.leave(1) == 3)
        #expect(admission.leave(3) == nil)
        #expect(admission.isIdle)
    }

    @Test("leaving twice changes nothing")
    func leavingTwice() {
        var admission = Admission(capacity: 1, queueCapacity: 1)
        _ = (admission.arrive(), admission.arrive())
        #expect(admission.leave(1) == 2)
        #expect(admission.leave(1) == nil)
        #expect(admission.running == [2])
    }

    @Test("without a queue the second is refused")
    func noQueue() {
        var admission = Admission(capacity: 1, queueCapacity: 0)
        #expect(admission.arrive() == .run(1))
        #expect(admission.arrive() == .refuse)
    }
}

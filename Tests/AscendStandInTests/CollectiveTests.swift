import AscendStandIn
import CAscend
import Foundation
import Testing

private let hccl = standin_hccl().pointee

/// HCCL between the devices of one process: collectives are queued, and done when all ranks have come to the same one.
struct CollectiveTests {
    /// A device with its stream, its communicator and memory for four floats to send and four to receive.
    private struct Rank {
        let device: Int32
        let stream: aclrtStream
        let communicator: HcclComm
        let sent, received: UnsafeMutableRawPointer

        static func all(_ session: Session, _ count: Int32) -> [Rank] {
            var devices = Array(0..<count), communicators = [HcclComm?](repeating: nil, count: Int(count))
            ok(Int32(hccl.HcclCommInitAll(UInt32(count), &devices, &communicators).rawValue))
            return devices.map { device in
                ok(cann.aclrtSetDevice(device))
                let rank = Rank(
                    device: device, stream: session.stream(), communicator: communicators[Int(device)]!, sent: session.memory(16),
                    received: session.memory(16))
                session.upload((0..<4).map { Float(10 * device + $0) }, to: rank.sent)
                return rank
            }
        }

        func enter() { ok(cann.aclrtSetDevice(device)) }

        func allToAll(_ count: UInt64, _ type: HcclDataType = HCCL_DATA_TYPE_FP32) -> HcclResult {
            enter()
            return hccl.HcclAlltoAll(sent, count, type, received, count, type, communicator, stream)
        }

        func allReduce() -> HcclResult {
            enter()
            return hccl.HcclAllReduce(sent, sent, 4, HCCL_DATA_TYPE_FP32, HCCL_REDUCE_SUM, communicator, stream)
        }
    }

    @Test("parts go from each rank to each, sums are added in place, and nothing is done before the last rank has queued its part")
    func moves() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["DEVICES": "2", "STRESS": "3"])
            let ranks = Rank.all(session, 2)
            #expect(ranks[0].allToAll(2) == HCCL_SUCCESS)
            #expect(session.wait(ranks[0].stream, milliseconds: 50) == 507046)
            #expect(ranks[1].allToAll(2) == HCCL_SUCCESS)
            for rank in ranks {
                rank.enter()
                ok(session.wait(rank.stream))
                let first = Float(2 * rank.device)
                #expect(session.download(4, from: rank.received) == [first, first + 1, first + 10, first + 11])
            }
            for rank in ranks { #expect(rank.allReduce() == HCCL_SUCCESS) }
            for rank in ranks {
                rank.enter()
                ok(session.wait(rank.stream))
                #expect(session.download(4, from: rank.sent) == [10, 12, 14, 16])
                #expect(hccl.HcclCommDestroy(rank.communicator) == HCCL_SUCCESS)
            }
        }
    }

    @Test("equal buffers, unequal counts and types that are not known are refused")
    func refuses() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["DEVICES": "2"])
            let rank = Rank.all(session, 2)[0]
            rank.enter()
            let type = HCCL_DATA_TYPE_FP32
            #expect(hccl.HcclAlltoAll(rank.sent, 2, type, rank.sent, 2, type, rank.communicator, rank.stream) == HCCL_E_PARA)
            #expect(hccl.HcclAlltoAll(rank.sent, 2, type, rank.received, 1, type, rank.communicator, rank.stream) == HCCL_E_PARA)
            #expect(
                hccl.HcclAllReduce(rank.sent, rank.sent, 2, HCCL_DATA_TYPE_INT8, HCCL_REDUCE_SUM, rank.communicator, rank.stream)
                    == HCCL_E_NOT_SUPPORT)
            #expect(hccl.HcclAlltoAll(nil, 2, type, rank.received, 2, type, rank.communicator, rank.stream) == HCCL_E_PTR)
            var devices: [Int32] = [0, 0], communicators: [HcclComm?] = [nil, nil]
            #expect(hccl.HcclCommInitAll(2, &devices, &communicators) == HCCL_E_PARA)
            devices = [0, 2]
            #expect(hccl.HcclCommInitAll(2, &devices, &communicators) == HCCL_E_PARA)
        }
    }

    @Test("ranks that queue different collectives end the process with what each queued")
    func differing() async {
        let kinds = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session(["DEVICES": "2"])
            let ranks = Rank.all(session, 2)
            _ = ranks[0].allToAll(2)
            _ = ranks[1].allReduce()
            _ = session.wait(ranks[1].stream)
        }
        expectRefusal(kinds, "HcclAllReduce of 4 elements of type 4")
        let counts = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session(["DEVICES": "2"])
            let ranks = Rank.all(session, 2)
            _ = ranks[0].allToAll(2)
            _ = ranks[1].allToAll(1)
            _ = session.wait(ranks[1].stream)
        }
        expectRefusal(counts, "HcclAlltoAll of 1 elements of type 4")
    }

    @Test("a rank that doesn't come fails the others' streams after HCCL_EXEC_TIMEOUT; till then its communicator can't be destroyed")
    func timeout() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["DEVICES": "2", "HCCL_EXEC_TIMEOUT": "1"])
            let rank = Rank.all(session, 2)[0]
            #expect(rank.allToAll(2) == HCCL_SUCCESS)
            #expect(hccl.HcclCommDestroy(rank.communicator) == HCCL_E_AGAIN)
            #expect(session.wait(rank.stream, milliseconds: 10_000) == 107020)
            #expect(hccl.HcclCommDestroy(rank.communicator) == HCCL_SUCCESS)
        }
    }

    @Test("a communicator takes two buffers of HCCL_BUFFSIZE of its device, and gives them back")
    func buffers() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["DEVICES": "2", "HCCL_BUFFSIZE": "3", "MEMORY": "\(64 << 20)"])
            let before = standin_allocated(1)
            var devices: [Int32] = [0, 1], communicators: [HcclComm?] = [nil, nil]
            #expect(hccl.HcclCommInitAll(2, &devices, &communicators) == HCCL_SUCCESS)
            #expect(standin_allocated(1) - before == 6 << 20)
            for communicator in communicators { #expect(hccl.HcclCommDestroy(communicator) == HCCL_SUCCESS) }
            #expect(standin_allocated(1) == before)
            _ = session.memory(60 << 20)
            #expect(hccl.HcclCommInitAll(2, &devices, &communicators) == HCCL_E_MEMORY)
            #expect(standin_allocated(1) == before, "what the other device gave is back")
        }
    }

    @Test("memory that a collective may still use can't be freed")
    func freed() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session(["DEVICES": "2"])
            let rank = Rank.all(session, 2)[0]
            _ = rank.allToAll(2)
            _ = cann.aclrtFree(rank.sent)
        }
        expectRefusal(result, "nothing waited for it")
    }
}

import CProcess
import Glibc

/// The descriptors of a child's standard input, output and error: its ends, and ours.
struct ChildStreams {
    struct Failure: Error {
        let number: Int32
    }

    private typealias Ends = (ours: Int32, theirs: Int32)

    /// Where we have no end: -1.
    private(set) var ours: [Int32] = []
    private(set) var theirs: [Int32] = []

    /// - Throws: the error's number; nothing stays open then.
    init(_ input: ChildProcess.StandardInput, _ error: ChildProcess.StandardError) throws(Failure) {
        do {
            try add(input == .lifeline ? Self.pipe { ($1, $0) } : (-1, open("/dev/null", O_RDONLY | O_CLOEXEC)))
            try add(Self.pipe { ($0, $1) })
            try add(error == .kept ? Self.pipe { ($0, $1) } : (-1, fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)))
        } catch {
            close()
            throw error
        }
    }

    /// Once the child has been started, its ends are its own.
    func closeTheirs() { Self.close(theirs) }

    func close() { Self.close(ours + theirs) }

    private mutating func add(_ ends: Ends) throws(Failure) {
        guard ends.theirs >= 0 else { throw Failure(number: errno) }
        ours.append(ends.ours)
        theirs.append(ends.theirs)
    }

    private static func pipe(_ order: (_ read: Int32, _ write: Int32) -> Ends) throws(Failure) -> Ends {
        var ends: [Int32] = [-1, -1]
        let number = cprocess_pipe(&ends)
        guard number == 0 else { throw Failure(number: number) }
        return order(ends[0], ends[1])
    }

    private static func close(_ descriptors: [Int32]) {
        for descriptor in descriptors where descriptor >= 0 { Glibc.close(descriptor) }
    }
}

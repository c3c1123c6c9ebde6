import Glibc

/// What the system has run out of: descriptors, threads, processes or memory. It passes, and is no fault of the program that is being
/// started or asked.
package enum Shortage {
    /// Whether an error number says that the system, or a limit of this process, has no more to give.
    static func isMeant(by number: Int32) -> Bool { [EMFILE, ENFILE, ENOMEM, EAGAIN, ENOBUFS].contains(number) }

    /// Why this process can open no file and no connection now; nil when it can.
    package static var ofDescriptors: String? {
        let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard descriptor < 0 else {
            close(descriptor)
            return nil
        }
        return isMeant(by: errno) ? String(cString: strerror(errno)) : nil
    }
}

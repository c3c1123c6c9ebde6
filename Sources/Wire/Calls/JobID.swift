/// The names that are made up for jobs. Whoever knows one may fetch the image, so nobody can guess one: 128 random bits.
///
/// A client that makes up the name itself may submit the job again where it has lost the answer: the same name is the same job.
public enum JobID {
    /// Characters of each.
    package static let bytes = 32

    public static func make() -> String { RequestID.make() + RequestID.make() }
}

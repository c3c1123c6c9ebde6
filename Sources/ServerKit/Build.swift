/// The version of these programs.
///
/// `MAJOR.MINOR.PATCH`. While MAJOR is 0, MINOR is raised by what a caller, an operator or a script must adapt to: a flag, a topology
/// key, a metric, an exit code or a field removed or changed, an image that differs for the same seed, a raised
/// `WireProtocol.version`. PATCH is raised by everything else that is released. From 1.0.0 on the first kind raises MAJOR, additions
/// raise MINOR. Each release has a heading in `.github/CHANGELOG.md` and a tag `vMAJOR.MINOR.PATCH`.
public enum Build {
    /// Sent by Describe, in every answer, and printed by `--version`.
    public static let version = "0.1.0"
}

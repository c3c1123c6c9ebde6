/// Which program this is.
public enum Build {
    /// Told by Describe and in every answer.
    public static let version = "0.1.0"
}

/// Ulysses sequence parallelism: among how many devices the rows of each pass of the diffusion transformer are divided.
public enum UlyssesDegree {
    public static let choices = [1, 2, 4, 8]

    /// As messages list them.
    public static let explanation = "1, 2, 4 or 8"
}

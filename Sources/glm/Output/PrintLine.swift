import ServerKit

/// Prints a line of a command's answer on standard output.
/// - Throws: `StandardStream.Failure`; the command then ends with exit code 1.
func printLine(_ text: String) throws { try StandardStream.output.write(text + "\n") }

extension Double {
    /// Rounded to a whole number, for people; what is too large for one, or is none, as it stands.
    public var roundedText: String { Int(exactly: rounded()).map(String.init) ?? "\(self)" }
}

/// What operators choose of the HTTP API.
public struct HTTPSettings: Sendable {
    /// Where callers reach the gateway, as in `https://images.example.org`, for the links that it hands out; nil: at the address of the listener.
    public var publicURL: String?
    /// Names of models that clients have built in, and ours.
    public var aliases: [String: String]
    /// Hosts that pictures may be fetched from; empty: nothing is fetched.
    public var imageHosts: Set<String>
    /// Pages in browsers that may call.
    public var origins: CrossOrigin
    /// Pixels of the largest picture that the fleet is planned for.
    public var largestArea: Int

    public init(
        publicURL: String? = nil, aliases: [String: String] = [:], imageHosts: Set<String> = [], origins: CrossOrigin = CrossOrigin(),
        largestArea: Int = .max
    ) {
        self.publicURL = publicURL
        self.aliases = aliases
        self.imageHosts = imageHosts
        self.origins = origins
        self.largestArea = largestArea
    }
}

extension HTTPSettings {
    /// The model that a request means.
    func model(_ name: String) -> String { aliases[name] ?? name }
}

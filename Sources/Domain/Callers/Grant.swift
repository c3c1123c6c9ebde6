/// What a key allows its holder.
public struct Grant: Sendable, Hashable, Codable {
    /// The name of the key.
    public var name: String
    public var scopes: Set<Scope>
    /// Names of the models that requests may go to; empty: all.
    public var models: [String]
    /// Requests a minute at most; nil: any number.
    public var perMinute: Int?
    /// Images and answers a day at most; nil: any number.
    public var quota: Int?
    /// How many turns the holder gets for each one of another caller; 1 is usual.
    public var weight: Double

    public init(name: String, scopes: Set<Scope>, models: [String] = [], perMinute: Int? = nil, quota: Int? = nil, weight: Double = 1) {
        self.name = name
        self.scopes = scopes
        self.models = models
        self.perMinute = perMinute
        self.quota = quota
        self.weight = weight
    }
}

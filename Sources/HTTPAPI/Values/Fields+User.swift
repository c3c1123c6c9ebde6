import Domain

extension Fields {
    /// Who the client says the request is for, by any of the names that clients have for it. Different words of one request are all kept,
    /// with a space between.
    package mutating func user() throws(APIError) -> String {
        var users: [String] = [], names: [String] = []
        for name in ["user", "user_id", "safety_identifier"] {
            guard let user = try word(name) else { continue }
            names.append(name)
            if !users.contains(user) { users.append(user) }
        }
        let user = users.joined(separator: " ")
        let bytes = user.utf8.count, limit = RequestLimits.userBytes.upperBound
        guard bytes <= limit else {
            throw .invalid(names[0], "\(names.joined(separator: " and ")) \(names.count == 1 ? "has" : "have") \(bytes) bytes, the limit is \(limit)")
        }
        return user
    }

    /// A string; some clients number their users.
    private mutating func word(_ name: String) throws(APIError) -> String? {
        if case .integer(let number)? = value(name) { return "\(number)" }
        return try string(name)
    }
}

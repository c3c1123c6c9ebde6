/// What stands for fields of an image request that are left out: it differs from API to API.
package struct ImageDefaults: Sendable, Hashable {
    /// Results are links, not base64.
    package var givesLinks = false
    /// Nil: the gateway's own, or what fits the first source.
    package var size: PictureSize?
    /// Nil: as the gateway is set.
    package var explicitLabel: Bool?

    package init(givesLinks: Bool = false, size: PictureSize? = nil, explicitLabel: Bool? = nil) {
        self.givesLinks = givesLinks
        self.size = size
        self.explicitLabel = explicitLabel
    }
}

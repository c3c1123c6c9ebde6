/// What all partial images have in common: smaller images that show on the way what the image is going to be.
public enum PartialImages {
    /// Of JPEG and WebP files. They are looked at for seconds.
    public static let quality = 80
}

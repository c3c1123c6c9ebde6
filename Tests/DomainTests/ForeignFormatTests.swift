import Domain
import Testing

@Suite struct ForeignFormatTests {
    @Test(
        "a format that is not read is refused by its name, with what to do",
        arguments: [
            ("\0\0\0\u{18}ftypheic\0\0\0\0mif1heic", "a HEIC image"), ("\0\0\0\u{18}ftypmif1\0\0\0\0mif1heic", "a HEIC image"),
            ("\0\0\0\u{1C}ftypmif1\0\0\0\0mif1avifmiaf", "an AVIF image"), ("\0\0\0\u{18}ftypavis\0\0\0\0avifavis", "an AVIF image"),
            ("\0\0\0\u{18}ftypcrx \0\0\0\u{1}crx isom", "a raw camera image"),
            ("\0\0\0\u{18}ftypmp42\0\0\0\0mp42isom", "a video or another ISO media file"), ("GIF89a", "a GIF image"),
            ("BM\u{10}\u{10}\0\0\0\0\0\0", "a BMP image"), ("\0\0\0\u{C}JXL \r\n", "a JPEG XL image"), ("\0\0\0\u{C}jP  \r\n", "a JPEG 2000 image"),
            ("II*\0\u{10}\0\0\0CR\u{2}\0", "a raw camera image"), ("FUJIFILMCCD-RAW 0201", "a raw camera image"),
            ("II*\0\u{8}\0\0\0", "a TIFF or raw camera image"), ("MM\0*\0\0\0\u{8}", "a TIFF or raw camera image"),
            ("8BPS\0\u{1}", "a Photoshop (PSD) image"), ("%PDF-1.7", "a PDF document"), ("\0\0\u{1}\0\u{1}\0", "an ICO icon"),
            ("<?xml version=\"1.0\"?>\n<svg width=\"1\">", "an SVG drawing"),
        ])
    func named(start: String, name: String) {
        #expect(ForeignFormat.refusal(of: Array(start.utf8)) == "\(name); convert it to PNG, JPEG or WebP")
    }

    @Test("what is no image at all is told so")
    func unknown() {
        #expect(ForeignFormat.refusal(of: []) == "an image of 0 bytes")
        for text in ["hello", "BM, a letter", "RIFF\0\0\0\0WAVE", "\u{89}"] {
            #expect(ForeignFormat.refusal(of: Array(text.utf8)) == "neither PNG, JPEG nor WebP by its first bytes")
        }
    }
}

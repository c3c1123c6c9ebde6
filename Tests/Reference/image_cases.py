"""Picture files of every kind that a user may send, the RGB that they mean, and resizes as PIL computes them.

Meaning: EXIF or XMP orientation applied, of several images or frames the first, palettes looked up, 16 bit cut to its high byte, CMYK turned to RGB as PIL does, alpha composited over white.
Pictures that must be refused are listed with the reason and have no expected tensor.
"""

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL
import torch
from PIL import Image, ImageOps

from stored import save_file

RESIZES = [((64, 96), (32, 48)), ((64, 96), (16, 16)), ((37, 53), (48, 64)), ((70, 45), (64, 48)), ((32, 32), (32, 32)), ((24, 40), (24, 64)), ((33, 47), (16, 32)),
           ((20, 30), (112, 16)), ((80, 31), (16, 96)), ((17, 17), (16, 16)), ((130, 70), (32, 16)), ((1, 1), (16, 16)), ((3, 90), (32, 48))]


def picture(height, width, seed=0):
    """Smooth colours with a few hard edges and some noise: resampling and chroma errors show, and files stay small."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    rgb = np.stack([127 + 120 * np.sin(x / 7 + seed), 127 + 120 * np.cos(y / 5), 127 + 120 * np.sin((x + y) / 11)], -1)
    rgb[height // 4: height // 2, width // 4: width // 2] = (255, 0, 0)
    rgb[height // 2:, : width // 5] = (0, 0, 255)
    return np.clip(rgb + rng.normal(0, 4, rgb.shape), 0, 255).astype(np.uint8)


def meaning(file):
    """The RGB of a picture file, as PIL reads it; alpha over white."""
    image = ImageOps.exif_transpose(Image.open(file))
    if image.mode.startswith("I"):  # 16-bit grey: high byte, as PIL itself does for 16-bit colour
        return np.repeat((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)[..., None], 3, -1)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(header, *chunks):
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IEND", b"")


def raw_png(rows, width, height, bits, colour, extra=b""):
    """A PNG written by hand, unfiltered, for the kinds PIL cannot write."""
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return png(struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0), extra, chunk(b"IDAT", data))


def interlaced_png(pixels):
    """Adam7, which PIL reads but cannot write; of three or four channels."""
    height, width, channels = pixels.shape
    rows = b""
    for y0, x0, dy, dx in ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)):
        part = pixels[y0::dy, x0::dx]
        if part.size:
            rows += b"".join(b"\0" + row.tobytes() for row in part)
    return png(struct.pack(">IIBBBBB", width, height, 8, {3: 2, 4: 6}[channels], 0, 0, 1), chunk(b"IDAT", zlib.compress(rows, 9)))


def cmyk(rgb):
    """Half of the common darkness goes to black, so that all four inks carry something; PIL's own conversion leaves black empty."""
    inks = 255 - rgb.astype(np.int32)
    black = inks.min(-1, keepdims=True) // 2
    return Image.frombytes("CMYK", rgb.shape[1::-1], np.concatenate([(inks - black) * 255 // (255 - black), black], -1).astype(np.uint8).tobytes())


def files():
    """name -> bytes of the readable pictures."""
    rgb = picture(24, 40)
    image, grey = Image.fromarray(rgb), Image.fromarray(rgb).convert("L")
    alpha = Image.fromarray(np.linspace(0, 255, 24 * 40).reshape(24, 40).astype(np.uint8))
    rgba = image.copy()
    rgba.putalpha(alpha)
    palette = image.quantize(13)
    wide = (rgb.astype(np.uint16) << 8) | rgb[..., ::-1]  # the low byte differs from the high one
    out = {
        "rgb.png": save(image, "PNG"), "rgba.png": save(rgba, "PNG"), "grey.png": save(grey, "PNG"),
        "grey-alpha.png": save(Image.merge("LA", (grey, alpha)), "PNG"), "palette.png": save(palette, "PNG"),
        "palette-transparent.png": save(palette, "PNG", transparency=bytes([0, 128, 255] * 4)),
        "rgb-key.png": save(image, "PNG", transparency=(255, 0, 0)), "grey-1bit.png": save(image.convert("1"), "PNG"),
        "grey-2bit.png": raw_png([bytes((int(v) >> 6 << 6) | (int(v) >> 6 << 4) | (int(v) >> 6 << 2) | (int(v) >> 6) for v in row) for row in rgb[:, ::4, 0]], 40, 24, 2, 0),
        "rgb-16bit.png": raw_png([row.astype(">u2").tobytes() for row in wide], 40, 24, 16, 2),
        "rgba-16bit.png": raw_png([np.dstack([wide, wide[..., :1]])[y].astype(">u2").tobytes() for y in range(24)], 40, 24, 16, 6),
        "grey-16bit.png": raw_png([row.astype(">u2").tobytes() for row in wide[..., 0]], 40, 24, 16, 0),
        "interlaced.png": interlaced_png(rgb), "one-pixel.png": save(Image.fromarray(rgb[:1, :1]), "PNG"),
        "baseline.jpg": save(image, "JPEG", quality=90), "baseline-444.jpg": save(image, "JPEG", quality=90, subsampling=0),
        "progressive.jpg": save(image, "JPEG", quality=80, progressive=True), "grey.jpg": save(grey, "JPEG", quality=85),
        "cmyk.jpg": save(cmyk(rgb), "JPEG", quality=90),
        "restart.jpg": save(image, "JPEG", quality=85, restart_marker_blocks=2),
    }
    for turn in range(2, 9):
        out[f"orientation-{turn}.jpg"] = save(image, "JPEG", quality=90, exif=turned(turn))
    out["orientation-6.png"] = save(image, "PNG", exif=turned(6))
    return out | beside_the_pixels(image) | more_kinds(image, rgba, alpha) | webp_files(image, rgba)


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
XMP_ELEMENT = b"<rdf:Description><tiff:Orientation>8</tiff:Orientation></rdf:Description>"
TRAILER = b"\0\0\1\x0aImage_UTC_Data1700000000000\xff\xd8\xff\xda SEFH\x6a\0\0\0 SEFT"  # as a phone writes it


# What PIL refuses or does not know, though all is there: the file that means the same.
BEYOND_PIL = {
    "orientation-profile-app1.png": "orientation-profile.png", "without-end.jpg": "behind-the-end.jpg", "trailer.jpg": "behind-the-end.jpg",
    "progressive-without-end.jpg": "progressive.jpg", "text-bomb.png": "rgb.png",
}


def beside_the_pixels(image):
    """Where other writers put the orientation, and what they leave out at the end or put behind it."""
    plain, jpeg, exif = save(image, "PNG"), save(image, "JPEG", quality=90), turned(6).tobytes()
    profile = f"\nexif\n{len(exif):8}\n{exif.hex()[:72]}\n{exif.hex()[72:]}\n".encode()
    end = plain.index(b"IDAT") - 4

    def with_chunk(kind, data, position=end):
        return plain[:position] + chunk(kind, data) + plain[position:]

    camera = Image.Exif()
    camera[0x010F] = "a camera that says nothing of its orientation"
    return {
        "orientation-late.png": with_chunk(b"eXIf", exif.removeprefix(b"Exif\0\0"), len(plain) - 12),
        "orientation-profile.png": with_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(profile)),
        "orientation-profile-plain.png": with_chunk(b"tEXt", b"Raw profile type exif\0" + profile),
        "orientation-profile-international.png": with_chunk(b"iTXt", b"Raw profile type exif\0\1\0\0\0" + zlib.compress(profile)),
        "orientation-profile-app1.png": with_chunk(b"zTXt", b"Raw profile type APP1\0\0" + zlib.compress(profile.replace(b"exif", b"APP1"))),
        "orientation-xmp.png": with_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP_ELEMENT),
        "orientation-xmp.jpg": save(image, "JPEG", quality=90, xmp=XMP),
        "orientation-xmp-beside-exif.jpg": save(image, "JPEG", quality=90, exif=camera, xmp=XMP),
        "orientation-exif-before-xmp.jpg": save(image, "JPEG", quality=90, exif=turned(3), xmp=XMP),
        "without-end.png": plain[:-12], "without-checksum.png": plain[:-18], "trailer.png": plain[:-12] + bytes(8) + TRAILER, "behind-the-end.png": plain + TRAILER,
        "without-end.jpg": jpeg[:-2], "trailer.jpg": jpeg[:-2] + TRAILER, "behind-the-end.jpg": jpeg + TRAILER,
        "progressive-without-end.jpg": save(image, "JPEG", quality=80, progressive=True)[:-2],
        # PIL refuses it: a megabyte of text is its limit.
        "text-bomb.png": with_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(profile + b"\n" * (1 << 20), 9)),
        "two-images.jpg": save(image, "MPO", quality=90, save_all=True, append_images=[image.rotate(180)]),
    }


def more_kinds(image, rgba, alpha):
    """Kinds of PNG and JPEG that are rarer."""
    inks = save(cmyk(np.asarray(image)), "JPEG", quality=90)
    transform = inks.index(b"Adobe") + 11
    grey = np.asarray(image)[..., 0].astype(np.uint16) << 8 | 0x5A
    grey_alpha = np.dstack([grey, np.asarray(alpha).astype(np.uint16) << 8 | 0xA5])
    plain = save(image, "PNG")
    start = plain.index(b"IDAT") - 4
    return {
        "interlaced-alpha.png": interlaced_png(np.asarray(rgba)),
        "grey-alpha-16bit.png": raw_png([row.astype(">u2").tobytes() for row in grey_alpha], 40, 24, 16, 4),
        "palette-2bit.png": save(image.quantize(4), "PNG", bits=2),
        "gamma.png": plain[:start] + chunk(b"gAMA", struct.pack(">I", 100000)) + plain[start:],
        "animated.png": save(image, "PNG", save_all=True, append_images=[image.rotate(180)]),
        "ycck.jpg": inks[:transform] + b"\2" + inks[transform + 1:],
        "rgb.jpg": save(image, "JPEG", quality=90, keep_rgb=True),
    }


def webp_files(image, rgba):
    frames = {"save_all": True, "lossless": True}
    return {
        "lossy.webp": save(image, "WEBP", quality=80), "lossless.webp": save(image, "WEBP", lossless=True),
        "lossy-alpha.webp": save(rgba, "WEBP", quality=80), "lossless-alpha.webp": save(rgba, "WEBP", lossless=True),
        "animated.webp": save(image, "WEBP", append_images=[image.rotate(180)], **frames),
        "animated-alpha.webp": save(rgba, "WEBP", append_images=[rgba.rotate(180)], **frames),
        "orientation-6.webp": save(image, "WEBP", quality=80, exif=turned(6)), "orientation-xmp.webp": save(image, "WEBP", quality=80, xmp=XMP),
        "behind-the-end.webp": save(image, "WEBP", quality=80) + TRAILER,
    }


def refused():
    """name -> (bytes, why)."""
    good, jpeg = save(Image.fromarray(picture(24, 40)), "PNG"), save(Image.fromarray(picture(24, 40)), "JPEG", quality=90)
    bomb = png(struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0), chunk(b"IDAT", zlib.compress(bytes(1000), 9)))
    start = jpeg.index(b"\xff\xc0")
    jpeg_bomb = jpeg[:start + 5] + struct.pack(">HH", 60000, 60000) + jpeg[start + 9:]
    webp = save(Image.fromarray(picture(24, 40)), "WEBP", quality=80)
    canvas = b"WEBPVP8X" + struct.pack("<IB", 10, 0) + bytes(3) + (16383).to_bytes(3, "little") * 2
    webp_bomb = b"RIFF" + struct.pack("<I", len(canvas) + len(webp) - 12) + canvas + webp[12:]
    broken = bytearray(webp)
    broken[20:] = bytes(len(webp) - 20)
    corrupt = bytearray(good)
    corrupt[good.index(b"IDAT") + 40] ^= 0xFF
    return {
        "truncated.png": (good[: len(good) // 2], "the data ends early"), "truncated.jpg": (jpeg[: len(jpeg) // 2], "the data ends early"),
        "header-only.png": (good[:33], "no picture data"), "bad-crc.png": (bytes(corrupt), "a checksum does not match"),
        "bomb.png": (bomb, "60000×60000 pixels announced"), "bomb.jpg": (jpeg_bomb, "60000×60000 pixels announced"),
        "zero-width.png": (png(struct.pack(">IIBBBBB", 0, 24, 8, 2, 0, 0, 0), chunk(b"IDAT", zlib.compress(b""))), "a side of 0"),
        "garbage.png": (bytes(np.random.default_rng(1).integers(0, 256, 300, np.uint8)), "not a picture"), "empty.png": (b"", "no bytes"),
        "text.jpg": (b"hello, I am not a picture\n", "not a picture"), "magic-only.jpg": (b"\xff\xd8\xff\xe0", "the data ends early"),
        "picture.gif": (save(Image.fromarray(picture(8, 8)), "GIF"), "another format"),
        "truncated.webp": (webp[: len(webp) // 2], "the data ends early"), "broken.webp": (bytes(broken), "no frame header"),
        "bomb.webp": (webp_bomb, "16384×16384 pixels announced"),
    }


def save(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def write(out):
    """images/*.png|jpg|webp, images/refused/*, images/expected.safetensors, images/resize.safetensors."""
    out = Path(out)
    (out / "refused").mkdir(parents=True, exist_ok=True)
    source = {"source": f"Pillow {PIL.__version__}"}
    expected = {}
    pictures = files()
    for name, data in pictures.items():
        (out / name).write_bytes(data)
    for name in pictures:
        expected[name] = torch.from_numpy(meaning(out / BEYOND_PIL.get(name, name)).copy())
    save_file(expected, out / "expected.safetensors", metadata=source)

    reasons = {}
    for name, (data, why) in refused().items():
        (out / "refused" / name).write_bytes(data)
        reasons[name] = why
    (out / "refused" / "reasons.json").write_text(json.dumps(reasons, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    resizes = {}
    for n, ((h, w), (to_h, to_w)) in enumerate(RESIZES):
        rgb = picture(h, w, seed=n)
        resizes[f"case.{n}.input"] = torch.from_numpy(rgb)
        resizes[f"case.{n}.output"] = torch.from_numpy(np.asarray(Image.fromarray(rgb).resize((to_w, to_h), Image.Resampling.BICUBIC)).copy())
    save_file(resizes, out / "resize.safetensors", metadata=source)

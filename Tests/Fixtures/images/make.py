"""Writes the photos of this folder, expected.txt (the pixels that Pillow reads in them) and
resized.txt (the two resize-*.png, resized by Pillow and OpenCV).

Needs Pillow, NumPy and opencv-python-headless; run it in this folder. The files are committed.
"""

import struct
import zlib

import cv2
import numpy as np
from PIL import Image, ImageOps

WIDTH, HEIGHT = 13, 9


def gradient(width=WIDTH, height=HEIGHT):
    """A picture without symmetry, smooth so that lossy formats keep it."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    planes = [x / width * 220 + 20, y / height * 200 + 30, (x + 2 * y) / (width + 2 * height) * 180]
    return np.stack(planes, axis=-1).round().astype(np.uint8)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, depth, colour, rows, interlaced=0, extra=b""):
    """A PNG written by hand: Pillow writes no interlaced, 16-bit RGB or gAMA ones."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra
            + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def filtered_rows(samples):
    return b"".join(b"\0" + row.tobytes() for row in samples)


def adam7(samples):
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
              (0, 1, 1, 2)]
    rows = b""
    for x, y, dx, dy in passes:
        part = samples[y::dy, x::dx]
        if part.size:
            rows += filtered_rows(np.ascontiguousarray(part))
    return rows


def write(name, content):
    with open(name, "wb") as file:
        file.write(content)


def orientation_exif(code):
    exif = Image.Exif()
    exif[0x0112] = code
    return exif


def main():
    rgb = gradient()
    photo = Image.fromarray(rgb)
    grey = photo.convert("L")
    alpha = Image.fromarray(np.dstack([rgb, np.linspace(0, 255, rgb[..., 0].size)
                                       .reshape(HEIGHT, WIDTH).astype(np.uint8)]))
    for code in range(1, 9):
        photo.save(f"orientation-{code}.jpg", quality=95, subsampling=0, exif=orientation_exif(code))
    photo.save("orientation-6.png", exif=orientation_exif(6))
    photo.save("orientation-6.webp", lossless=True, exif=orientation_exif(6))
    photo.save("colour-420.jpg", quality=95, subsampling=2)
    photo.save("progressive.jpg", quality=95, progressive=True)
    grey.save("grey.jpg", quality=95)
    photo.convert("CMYK").save("cmyk.jpg", quality=95)
    photo.save("rgb8.png")
    alpha.save("alpha.png")
    grey.save("grey.png")
    alpha.convert("LA").save("grey-alpha.png")
    photo.quantize(16).save("palette.png")
    transparent = photo.quantize(16)
    transparent.save("palette-transparent.png", transparency=3)
    photo.convert("1").save("bilevel.png")
    wide = (rgb.astype(">u2") * 257 - 100).astype(">u2")
    write("rgb16.png", png(WIDTH, HEIGHT, 16, 2, filtered_rows(wide)))
    write("grey16.png", png(WIDTH, HEIGHT, 16, 0, filtered_rows(wide[..., 0].copy())))
    write("interlaced.png", png(WIDTH, HEIGHT, 8, 2, adam7(rgb), interlaced=1))
    gamma = chunk(b"gAMA", struct.pack(">I", 100000))
    write("gamma.png", png(WIDTH, HEIGHT, 8, 2, filtered_rows(rgb), extra=gamma))
    photo.save("lossy.webp", quality=95)
    photo.save("lossless.webp", lossless=True)
    alpha.save("alpha.webp", lossless=True, exact=True)
    frames = [photo, photo.transpose(Image.Transpose.ROTATE_180)]
    frames[0].save("animation.webp", save_all=True, append_images=frames[1:], lossless=True)

    names = ([f"orientation-{code}.jpg" for code in range(1, 9)]
             + ["orientation-6.png", "orientation-6.webp", "colour-420.jpg", "progressive.jpg",
                "grey.jpg", "cmyk.jpg", "rgb8.png", "alpha.png", "grey.png", "grey-alpha.png",
                "palette.png", "palette-transparent.png", "bilevel.png", "rgb16.png",
                "interlaced.png", "gamma.png", "lossy.webp", "lossless.webp", "alpha.webp"])
    lines = []
    for name in names:
        seen = np.asarray(ImageOps.exif_transpose(Image.open(name)).convert("RGB"))
        lines.append(f"{name} {seen.shape[1]} {seen.shape[0]} {seen.tobytes().hex()}")
    # Pillow clips 16-bit grey at 255; the upper byte is what the file means.
    upper = np.repeat((wide[..., 0] >> 8).astype(np.uint8)[..., None], 3, axis=-1)
    lines.append(f"grey16.png {WIDTH} {HEIGHT} {upper.tobytes().hex()}")
    with open("expected.txt", "w") as file:
        file.write("\n".join(lines) + "\n")

    # Resized by Pillow: sizes that shrink, grow, and do both.
    big = Image.fromarray(gradient(41, 23))
    noise = np.random.default_rng(7).integers(0, 256, (23, 41, 3)).astype(np.uint8)
    for source, label in ((big, "gradient"), (Image.fromarray(noise), "noise")):
        source.save(f"resize-{label}.png")
    lines = []
    for label in ("gradient", "noise"):
        source = Image.open(f"resize-{label}.png")
        for width, height in ((20, 11), (7, 5), (50, 8), (13, 40), (41, 10), (10, 23), (1, 1)):
            out = np.asarray(source.resize((width, height), Image.Resampling.BILINEAR))
            lines.append(f"{label} pillow {width} {height} {out.tobytes().hex()}")
            out = cv2.resize(np.asarray(source), (width, height), interpolation=cv2.INTER_LINEAR)
            lines.append(f"{label} opencv {width} {height} {out.tobytes().hex()}")
    with open("resized.txt", "w") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

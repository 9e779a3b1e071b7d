"""Pictures of circles, squares and triangles, with the boxes around them."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

LABELS = ("circle", "square", "triangle")
CIRCLE, SQUARE, TRIANGLE = range(3)
SHAPES_MAX = 8

# A shape differs from what is behind it by at least this much (Euclidean, in 0..255 RGB).
CONTRAST_MIN = 70


@dataclass
class Picture:
    """A picture and what is on it: boxes (x1, y1, x2, y2) in its pixels, and a class for each."""

    image: Image.Image
    boxes: np.ndarray
    classes: np.ndarray


def draw(random, width, height):
    """A picture with up to eight shapes, drawn by the generator `random`."""
    image = background(random, width, height)
    if random.random() < 0.35:
        draw_clutter(random, image)
    outlines, classes = place_shapes(random, width, height)
    for outline, kind in zip(outlines, classes):
        draw_shape(random, image, outline, kind)
    image = weather(random, image)
    boxes = [bounds(each, width, height) for each in outlines]
    return Picture(image, np.array(boxes).reshape(-1, 4), np.array(classes, dtype=int))


def background(random, width, height):
    """One colour, a slope between two or three, soft clouds, or stripes."""
    kind = random.choice(["plain", "slope", "clouds", "stripes"], p=[0.35, 0.3, 0.25, 0.1])
    colour = random_colour(random)
    if kind == "plain":
        return Image.new("RGB", (width, height), tuple(int(c) for c in colour))
    if kind == "clouds":
        return clouds(random, width, height, colour)
    across, down = np.linspace(0, 1, width), np.linspace(0, 1, height)[:, None]
    angle = random.uniform(0, 2 * math.pi)
    along = (math.cos(angle) * (across - 0.5) + math.sin(angle) * (down - 0.5)) / 1.42 + 0.5
    if kind == "stripes":
        along = 0.5 + 0.5 * np.sin(along * random.uniform(10, 60))
        other = np.clip(colour + random.uniform(-30, 30, 3), 0, 255)
    else:
        other = random_colour(random)
    blend = colour + along[..., None] * (other - colour)
    return Image.fromarray(blend.astype(np.uint8))


def clouds(random, width, height, colour):
    """Noise at a coarse scale, made smooth."""
    cells = int(random.integers(3, 12))
    noise = np.clip(colour + random.normal(0, random.uniform(8, 40), (cells, cells, 3)), 0, 255)
    return Image.fromarray(noise.astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)


def draw_clutter(random, image):
    """Thin lines and letters: not shapes, and not to be taken for them."""
    pencil, side = ImageDraw.Draw(image), min(image.size)
    for _ in range(random.integers(1, 6)):
        ends = [tuple(float(v) for v in random.uniform(0, image.size)) for _ in range(2)]
        colour = as_fill(random_colour(random))
        if random.random() < 0.7:
            pencil.line(ends, fill=colour, width=int(random.integers(1, max(2, side // 60))))
        else:
            letter = "ABEFHKMNRSWXYZ2357"[random.integers(18)]
            pencil.text(ends[0], letter, fill=colour, font_size=side * random.uniform(0.04, 0.15))


def place_shapes(random, width, height):
    """Outlines and classes of shapes that overlap slightly at most."""
    outlines, classes, boxes = [], [], []
    wanted = int(random.choice(SHAPES_MAX + 1, p=[0.04] + [0.12] * SHAPES_MAX))
    side = max(width, height)
    for _ in range(wanted * 6):
        if len(outlines) == wanted:
            break
        kind = int(random.integers(3))
        # Many small ones, some that fill half the picture; 0.035 of the side is 6 of 160 pixels.
        radius = side * math.exp(random.uniform(math.log(0.035), math.log(0.28)))
        outline = outline_of(random, kind, radius)
        low, high = outline.min(0), outline.max(0)
        room = np.array([width, height]) - (high - low) - 2
        if (room < 0).any():
            continue
        outline = outline - low + 1 + random.uniform(0, 1, 2) * room
        box = bounds(outline, width, height)
        if all(overlap(box, each) < 0.12 for each in boxes):
            outlines.append(outline)
            classes.append(kind)
            boxes.append(box)
    return outlines, classes


def outline_of(random, kind, radius):
    """Corners around the origin; a circle is a polygon of so many corners that none is seen."""
    turn = random.uniform(0, 2 * math.pi)
    if kind == CIRCLE:
        angles = np.linspace(0, 2 * math.pi, 120, endpoint=False)
    elif kind == SQUARE:
        turn = random.choice([0.0, turn])
        angles = math.pi / 4 + np.arange(4) * math.pi / 2
    else:
        turn = random.choice([math.pi / 6, turn])
        angles = np.arange(3) * 2 * math.pi / 3 + random.uniform(-0.25, 0.25, 3)
    points = np.stack([np.cos(angles), np.sin(angles)], 1) * radius
    if kind != TRIANGLE:
        points[:, 0] *= random.uniform(0.92, 1.08)
    cos, sin = math.cos(turn), math.sin(turn)
    return points @ np.array([[cos, sin], [-sin, cos]])


def draw_shape(random, image, outline, kind):
    """Fills the outline, or draws only a thick line along it, in a colour that can be seen."""
    pencil = ImageDraw.Draw(image)
    colour = visible_colour(random, image, outline)
    points = [tuple(point) for point in outline]
    size = float(np.ptp(outline, axis=0).max())
    way = random.choice(["filled", "edged", "hollow"], p=[0.7, 0.15, 0.15])
    if way == "hollow" and size < 0.12 * max(image.size):
        way = "filled"
    if way != "hollow":
        pencil.polygon(points, fill=as_fill(colour))
    if way != "filled":
        line = as_fill(colour if way == "hollow" else random_colour(random))
        width = max(1, int(size * random.uniform(0.04, 0.12)))
        draw_edge(pencil, outline, line, width)


def draw_edge(pencil, outline, colour, width):
    """A line of `width` along the inner side of the outline, so that the box stays true."""
    middle = outline.mean(0)
    reach = np.linalg.norm(outline - middle, axis=1).mean()
    inner = middle + (outline - middle) * max(0.0, 1 - width / (2 * reach))
    points = [tuple(point) for point in [*inner, inner[0], inner[1]]]
    pencil.line(points, fill=colour, width=width, joint="curve")


def visible_colour(random, image, outline):
    """A colour unlike that behind the outline's middle and corners."""
    limit = np.array(image.size) - 1
    step = max(1, len(outline) // 4)
    spots = np.clip(np.vstack([outline.mean(0), outline[::step]]), 0, limit).astype(int)
    behind = np.array([image.getpixel((int(x), int(y))) for x, y in spots], dtype=float)
    colour = random_colour(random)
    for _ in range(40):
        if np.linalg.norm(behind - colour, axis=1).min() >= CONTRAST_MIN:
            break
        colour = random_colour(random)
    return colour


def weather(random, image):
    """What a camera or a file format does to a picture: blur and noise."""
    if random.random() < 0.25:
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.3, max(image.size) / 250)))
    if random.random() < 0.35:
        noise = random.normal(0, random.uniform(2, 20), (image.height, image.width, 1))
        noisy = np.asarray(image, dtype=np.float32) + noise.astype(np.float32)
        image = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    return image


def random_colour(random):
    """Any colour, with black, white and grey more often than chance would have them."""
    if random.random() < 0.2:
        return np.full(3, random.choice([0.0, 255.0, random.uniform(0, 255)]))
    return random.uniform(0, 256, 3).clip(0, 255)


def as_fill(colour):
    return tuple(int(each) for each in colour)


def bounds(outline, width, height):
    low, high = outline.min(0), outline.max(0)
    return np.array([*low.clip(0), *np.minimum(high, [width, height])])


def overlap(one, other):
    """The shared area as a part of the smaller box."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    areas = [np.prod(each[2:] - each[:2]) for each in (one, other)]
    return float(np.prod(sides.clip(0)) / min(areas))

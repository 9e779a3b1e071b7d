"""The reference pipeline: photo -> letterbox -> model -> boxes, in Pillow and numpy.

It says in full what `expected.json` was made with, and measures how good the model is.
"""

import numpy as np
from PIL import Image

GREY = 114


def letterbox(image, side):
    """The picture in a grey square, as large as fits, and the (scale, left, top) that undo it."""
    scale = min(side / image.width, side / image.height)
    width, height = round(image.width * scale), round(image.height * scale)
    left, top = (side - width) // 2, (side - height) // 2
    square = Image.new("RGB", (side, side), (GREY, GREY, GREY))
    small = image.convert("RGB").resize((width, height), Image.Resampling.BILINEAR)
    square.paste(small, (left, top))
    return square, (scale, left, top)


def as_input(square):
    """[1, 3, side, side] floats 0..1."""
    return np.asarray(square, dtype=np.float32).transpose(2, 0, 1)[None] / np.float32(255)


def detect(session, image, confidence=0.25, iou=0.45):
    """Boxes (x1, y1, x2, y2) in pixels of the picture, scores and classes, best first."""
    side = session.get_inputs()[0].shape[-1]
    square, (scale, left, top) = letterbox(image, side)
    rows = session.run(None, {"images": as_input(square)})[0][0].T
    classes, scores = rows[:, 4:].argmax(1), rows[:, 4:].max(1)
    kept = scores > confidence
    rows, classes, scores = rows[kept], classes[kept], scores[kept]
    middle, half = rows[:, :2], rows[:, 2:4] / 2
    boxes = np.concatenate([middle - half, middle + half], 1)
    best = suppress(boxes, scores, classes, iou)
    boxes = (boxes[best] - [left, top, left, top]) / scale
    boxes = boxes.clip(0, [image.width, image.height] * 2)
    return boxes, scores[best], classes[best]


def suppress(boxes, scores, classes, iou):
    """Indices of the boxes that no better box of the same class overlaps by more than `iou`."""
    order, kept = np.argsort(-scores, kind="stable"), []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        same = (classes[order] == classes[best]) & (overlaps(boxes[best], boxes[order]) > iou)
        order = order[~same]
    return np.array(kept, dtype=int)


def overlaps(one, others):
    """Intersection over union of one box with each of the others."""
    sides = np.minimum(one[2:], others[:, 2:]) - np.maximum(one[:2], others[:, :2])
    shared = np.prod(sides.clip(0), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    return shared / np.maximum(np.prod(one[2:] - one[:2]) + areas - shared, 1e-9)


def average_precision(pictures, found, kind, iou):
    """Area under the precision-recall curve of one class, every point of it counted."""
    hits, scores, wanted = [], [], 0
    for picture, (boxes, certain, classes) in zip(pictures, found):
        truth = picture.boxes[picture.classes == kind]
        wanted += len(truth)
        for box, score in zip(boxes[classes == kind], certain[classes == kind]):
            matches = overlaps(box, truth)
            hit = len(matches) > 0 and matches.max() >= iou
            if hit:
                truth = np.delete(truth, matches.argmax(), axis=0)
            hits.append(hit)
            scores.append(score)
    order = np.argsort(-np.array(scores), kind="stable")
    right = np.cumsum(np.array(hits)[order])
    recall, precision = right / wanted, right / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0) * envelope))


def precision_and_recall(session, pictures):
    """What part of the found boxes is right (IoU 0.5, right class), and what part was found."""
    found = right = wanted = 0
    for picture in pictures:
        boxes, _, classes = detect(session, picture.image)
        found, wanted = found + len(boxes), wanted + len(picture.boxes)
        truth, kinds = picture.boxes, picture.classes
        for box, kind in zip(boxes, classes):
            matches = np.where(kinds == kind, overlaps(box, truth), 0)
            if len(matches) > 0 and matches.max() >= 0.5:
                right += 1
                truth = np.delete(truth, matches.argmax(), axis=0)
                kinds = np.delete(kinds, matches.argmax())
    return right / max(found, 1), right / wanted


def mean_average_precision(session, pictures, kinds):
    """mAP50 and mAP50-95 over the pictures."""
    found = [detect(session, each.image, confidence=0.001, iou=0.7) for each in pictures]
    by_iou = [
        np.mean([average_precision(pictures, found, kind, iou) for kind in kinds])
        for iou in np.arange(0.5, 0.96, 0.05)]
    return by_iou[0], float(np.mean(by_iou))

"""How far the detector's answer is from the truth.

Each drawn box is given the cells that already answer best for it (task-aligned assignment, as in
TOOD, Feng et al. 2021); their class score shall be the overlap they reach, all others zero.
"""

import jax
import jax.numpy as jnp

import network

CELLS_PER_BOX = 8
BOX_WEIGHT = 4.0


def loss(raw, boxes, classes, count):
    """The mean loss of a batch: raw [n, anchors, 7], boxes [n, 8, 4], classes [n, 8], count [n]."""
    centres, strides = network.anchors()
    predicted = decode(raw[..., :4], centres, strides)
    logits = raw[..., 4:]
    chosen, quality = jax.vmap(assign, (0, 0, 0, 0, 0, None, None))(
        jax.lax.stop_gradient(predicted), jax.lax.stop_gradient(jax.nn.sigmoid(logits)),
        boxes, classes, count, centres, strides)
    kinds = jnp.take_along_axis(classes, chosen, 1)
    wanted = jax.nn.one_hot(kinds, network.CLASSES) * quality[..., None]
    aims = jnp.take_along_axis(boxes, chosen[..., None], 1)
    total = jnp.maximum(quality.sum(), 1.0)
    entropy = jnp.maximum(logits, 0) - logits * wanted + jnp.log1p(jnp.exp(-jnp.abs(logits)))
    distance = (1 - distance_overlap(predicted, aims)) * quality
    return (entropy.sum() + BOX_WEIGHT * distance.sum()) / total


def decode(raw, centres, strides):
    """Corners (x1, y1, x2, y2) in pixels."""
    strides = strides[:, None]
    middle = centres + raw[..., :2] * strides
    size = jnp.exp(jnp.clip(raw[..., 2:], network.LOG_SIZE_MIN, network.LOG_SIZE_MAX)) * strides
    return jnp.concatenate([middle - size / 2, middle + size / 2], -1)


def assign(predicted, scores, boxes, classes, count, centres, strides):
    """For one picture: the box of each cell, and the score it shall have (0: none)."""
    overlaps = overlap(boxes[:, None], predicted[None])
    aligned = jnp.sqrt(scores[:, classes].T) * overlaps**6
    real = jnp.arange(len(boxes)) < count
    may = near(centres, strides, boxes) & real[:, None]
    aligned = jnp.where(may, aligned + 1e-12, 0)
    best = jax.lax.top_k(aligned, CELLS_PER_BOX)[0][:, -1:]
    taken = may & (aligned >= best)
    # A cell that two boxes want goes to the one it overlaps more.
    owner = jnp.where(taken, overlaps, -1).argmax(0)
    taken &= jnp.arange(len(boxes))[:, None] == owner
    aligned = aligned * taken
    reach = jnp.where(taken, overlaps, 0).max(1, keepdims=True)
    quality = aligned / jnp.maximum(aligned.max(1, keepdims=True), 1e-12) * reach
    return owner, quality.max(0)


def near(centres, strides, boxes):
    """Which cells lie in which box, a small box being taken as two cells wide."""
    middle = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    half = jnp.maximum((boxes[:, None, 2:] - boxes[:, None, :2]) / 2, strides[None, :, None])
    return (jnp.abs(centres[None] - middle) < half).all(-1)


def overlap(one, other):
    """Intersection over union."""
    sides = jnp.minimum(one[..., 2:], other[..., 2:]) - jnp.maximum(one[..., :2], other[..., :2])
    shared = jnp.prod(jnp.maximum(sides, 0), -1)
    areas = [jnp.prod(each[..., 2:] - each[..., :2], -1) for each in (one, other)]
    return shared / (areas[0] + areas[1] - shared + 1e-6)


def distance_overlap(one, other):
    """Intersection over union less the distance of the centres (DIoU, Zheng et al. 2020)."""
    hull = jnp.maximum(one[..., 2:], other[..., 2:]) - jnp.minimum(one[..., :2], other[..., :2])
    apart = (one[..., :2] + one[..., 2:] - other[..., :2] - other[..., 2:]) / 2
    return overlap(one, other) - (apart**2).sum(-1) / ((hull**2).sum(-1) + 1e-6)

"""Adam (Kingma and Ba, 2015) on trees of jax arrays, and the rate it is run at."""

import jax
import jax.numpy as jnp

DECAY_FIRST, DECAY_SECOND, TINY = 0.9, 0.99, 1e-8


def initial(weights):
    """The moments before the first step."""
    return jax.tree.map(jnp.zeros_like, weights), jax.tree.map(jnp.zeros_like, weights)


def step(weights, slopes, moments, number, rate):
    """Weights and moments after step `number`, which counts from 0."""
    first = jax.tree.map(lambda m, g: m + (1 - DECAY_FIRST) * (g - m), moments[0], slopes)
    second = jax.tree.map(lambda v, g: v + (1 - DECAY_SECOND) * (g * g - v), moments[1], slopes)
    over = 1 / (1 - DECAY_FIRST ** (number + 1.0))
    under = 1 / (1 - DECAY_SECOND ** (number + 1.0))
    weights = jax.tree.map(
        lambda w, m, v: w - rate * m * over / (jnp.sqrt(v * under) + TINY), weights, first, second)
    return weights, (first, second)


def schedule(number, steps, warm):
    """Part of the full rate: up in a line while `warm` steps pass, then down along a cosine."""
    rising = (number + 1) / warm
    falling = 0.5 * (1 + jnp.cos(jnp.pi * number / steps))
    return jnp.minimum(rising, falling)

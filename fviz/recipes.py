"""Published recipes, each a composition of primitives and nothing more."""

from __future__ import annotations

import optax

from fviz import color as colors
from fviz import engine, parameterizations, transforms, types


def lucid(
  size: int | tuple[int, int] = 128,
  *,
  channels: int = 3,
  n: int = 1,
  decay: float = 1.0,
  learning_rate: float = 0.05,
  steps: int = 512,
  color: colors.Color | None = None,
  regularizer: types.Objective | None = None,
  snapshots: tuple[int, ...] = (),
) -> engine.Recipe:
  """Feature visualization as in Olah, Mordvintsev and Schubert 2017.

  Fourier parameterization with decorrelated colours, lucid's standard
  transforms (scale and angle drawn from continuous ranges), Adam
  (distill.00007 and its library's defaults).

  Args:
    size: side, or (height, width), in pixels.
    channels: of the images.
    n: images a job.
    decay: exponent of 1/f; 1 as published, more gives larger motifs.
    learning_rate: of Adam.
    steps: 512 in the library, 2560 in the article.
    color: decorrelated by default.
    regularizer: a penalty, such as 1e-3 * total_variation().
    snapshots: after which steps to keep the images.

  >>> lucid(64, steps=32).steps
  32
  """
  return engine.Recipe(
    parameterization=parameterizations.fourier(
      size, channels=channels, n=n, decay=decay, color=color
    ),
    optimizer=optax.adam(learning_rate),
    transform=transforms.compose(
      transforms.pad(12),
      transforms.jitter(8),
      transforms.scale(0.9, 1.1),
      transforms.rotate(-10, 10),
      transforms.jitter(4),
    ),
    regularizer=regularizer,
    steps=steps,
    snapshots=snapshots,
  )

"""Recipes of feature visualization as it is done since 2017."""

import dataclasses

from fviz import (
  checks,
  engine,
  optimizers,
  parameterizations,
  regularizers,
  schedules,
  transforms,
  types,
)
from fviz import color as colors


def lucid(
  size: types.Size = 128,
  *,
  channels: int = 3,
  n: int = 1,
  decay: float = 1.0,
  learning_rate: float = 0.05,
  steps: int = 512,
  color: colors.Color | None = None,
  crop: bool = False,
  regularizer: types.Objective | None = None,
  snapshot_steps: tuple[int, ...] = (),
) -> engine.Recipe:
  """Feature visualization as in Olah, Mordvintsev and Schubert 2017.

  Fourier parameterization with decorrelated colours, lucid's standard
  transforms (scale and angle drawn from continuous ranges), Adam
  (distill.00007 and its library's defaults).

  Args:
    decay: exponent of 1/f; 1 as published, more gives larger motifs.
    steps: 512 in the library, 2560 in the article.
    color: decorrelated by default.
    crop: cut the grey frame off that the transforms leave around the image, as
      lucid does for many channels (crop_or_pad_to). It is 12 pixels wide at
      any size: at 64 it is 29 % of what the network sees, and a class may not
      come out; at 128 and more it hardly matters.
    regularizer: a penalty, such as 1e-3 * total_variation().

  >>> lucid(64, steps=32).steps
  32
  """
  checks.check_flag('crop', crop)
  return engine.Recipe(
    parameterization=parameterizations.fourier(
      size, channels=channels, n=n, decay=decay, color=color
    ),
    optimizer=optimizers.adam(learning_rate),
    transform=_standard(size if crop else None),
    regularizer=regularizer,
    steps=steps,
    snapshot_steps=snapshot_steps,
  )


def quick(
  size: types.Size = 128,
  *,
  channels: int = 3,
  learning_rate: float = 0.15,
  steps: int = 200,
  crop: bool = False,
  **settings,
) -> engine.Recipe:
  """`lucid` in two fifths of its steps, for sweeps; not published.

  Thrice the rate, and zooms of .85 to 1.2 and turns of 15 degrees: units answer
  as strongly under held-out transforms, see docs/speed.md. Colours are a little
  louder.

  >>> quick(32).steps
  200
  """
  checks.check_flag('crop', crop)
  recipe = lucid(
    size,
    channels=channels,
    learning_rate=learning_rate,
    steps=steps,
    **settings,
  )
  transform = _standard(size if crop else None, (0.85, 1.2), 15)
  return dataclasses.replace(recipe, transform=transform)


def classes(
  size: types.Size = 128,
  *,
  channels: int = 3,
  n: int = 1,
  learning_rate: float = 0.06,
  steps: int = 192,
  variation: float = 15.0,
  snapshot_steps: tuple[int, ...] = (),
) -> engine.Recipe:
  """Classes, with larger motifs than `lucid` and no grain; not published.

  From grey a class's features are all off, and a robust network gives no way to
  them: the start is ten times louder. Adam moves all frequencies alike, also
  those that the network hardly sees: a steeper spectrum and the total variation
  keep the fine ones quiet.

  Args:
    variation: weight of the total variation, in units of logits. Channels whose
      activations are small want less.

  >>> classes(32).steps
  192
  """
  checks.check('variation', variation, 0)
  recipe = lucid(
    size,
    channels=channels,
    n=n,
    learning_rate=learning_rate,
    steps=steps,
    snapshot_steps=snapshot_steps,
    regularizer=variation * regularizers.total_variation(),
  )
  return dataclasses.replace(
    recipe,
    parameterization=parameterizations.fourier(
      size, channels, n, decay=1.3, sd=0.1
    ),
    transform=_standard(pad=8, jitter=6),
  )


def olah(
  size: types.Size = 128, *, channels: int = 3, steps: int = 2560, **settings
) -> engine.Recipe:
  """The article's recipe (Olah, Mordvintsev and Schubert 2017).

  As `lucid`, with the transforms and the steps of the article instead of the
  library: pad 16, jitter 16, a scale of 1, .975, 1.025, .95 or 1.05, an angle
  of -5 to 5 whole degrees, jitter 8, and the padding cropped away.

  Args:
    steps: 2560 in the article.

  >>> olah(32).steps
  2560
  """
  recipe = lucid(size, channels=channels, steps=steps, **settings)
  transform = transforms.compose(
    transforms.pad(16),
    transforms.jitter(16),
    transforms.zooms(1, 0.975, 1.025, 0.95, 1.05),
    transforms.angles(*range(-5, 6)),
    transforms.jitter(8),
    transforms.crop_or_pad(size),
  )
  return dataclasses.replace(recipe, transform=transform)


def diversity(
  size: types.Size = 128,
  *,
  channels: int = 3,
  n: int = 4,
  steps: int = 512,
  **settings,
) -> engine.Recipe:
  """Several images of one unit that differ (Olah et al. 2017).

  As `lucid` with n images a job; the objective asks for the difference:
  `channel(...) - 1e2 * objectives.diversity(layer)` in lucid's notebook.

  >>> diversity(32).steps
  512
  """
  return lucid(size, channels=channels, n=n, steps=steps, **settings)


def cppn(
  size: types.Size = 224,
  *,
  channels: int = 3,
  n: int = 1,
  learning_rate: float = 0.005,
  steps: int = 512,
  snapshot_steps: tuple[int, ...] = (),
) -> engine.Recipe:
  """A picture as a small network of its coordinates (Mordvintsev et al. 2018).

  Adam and no transforms: the network is smooth by itself. Draw the result at
  any size: `parameterizations.cppn(1024).images(result.params)`, job by job.

  Args:
    learning_rate: .005, or .004 as in the notebook.

  >>> cppn(32).steps
  512
  """
  return engine.Recipe(
    parameterizations.cppn(size, channels, n),
    optimizers.adam(learning_rate),
    steps=steps,
    snapshot_steps=snapshot_steps,
  )


def maco(
  size: types.Size = 224,
  *,
  channels: int = 3,
  n: int = 1,
  photos: str = '',
  crops: int = 32,
  crop_size: types.Size | None = None,
  noise: float = 0.1,
  learning_rate: float = 1.0,
  steps: int = 256,
  snapshot_steps: tuple[int, ...] = (),
) -> engine.Recipe:
  """Magnitude-constrained optimization (Fel et al. 2023).

  The phase of a spectrum of natural magnitude, NAdam of rate 1, 256 steps; each
  step sees random crops, their sides N(b, .1^2) as shares, centres N(.5, .15^2)
  and U(+-.1) noise. The paper's b is .25; here it falls from .5 to .05, as in
  its library, so that whole parts come first.

  Args:
    photos: a folder for the magnitude; '' for ImageNet's closed form.
    noise: half the range of what is added.

  >>> maco(32).steps
  256
  """
  side = schedules.linear(0.5, 0.05, steps)
  transform = lambda step: transforms.compose(
    transforms.crops(crops, side(step), 0.1, crop_size),
    transforms.uniform_noise(noise),
  )
  return engine.Recipe(
    parameterizations.maco(size, channels, n, photos),
    optimizers.nadam(learning_rate),
    engine.Scheduled(transform),
    steps=steps,
    snapshot_steps=snapshot_steps,
  )


def _standard(
  size: types.Size | None = None,
  zoom: tuple[float, float] = (0.9, 1.1),
  turn: float = 10,
  pad: int = 12,
  jitter: int = 8,
) -> types.Transform:
  """Lucid's standard transforms, from continuous ranges; cropped to a size."""
  return transforms.compose(
    transforms.pad(pad),
    transforms.jitter(jitter),
    transforms.scale(*zoom),
    transforms.rotate(-turn, turn),
    transforms.jitter(4),
    *([] if size is None else [transforms.crop_or_pad(size)]),
  )

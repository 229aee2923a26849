"""Published recipes, each a composition of primitives and nothing more."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax

from fviz import color as colors
from fviz import (
  engine,
  objectives,
  parameterizations,
  schedules,
  transforms,
  types,
)

Size = int | tuple[int, int]


def lucid(
  size: Size = 128,
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
    size: side, or (height, width), in pixels.
    channels: of the images.
    n: images a job.
    decay: exponent of 1/f; 1 as published, more gives larger motifs.
    learning_rate: of Adam.
    steps: 512 in the library, 2560 in the article.
    color: decorrelated by default.
    crop: cut the grey frame off that the transforms leave around the image, as
      lucid does for many channels (crop_or_pad_to). It is 12 pixels wide at
      any size: at 64 it is 29 % of what the network sees, and a class may not
      come out; at 128 and more it hardly matters.
    regularizer: a penalty, such as 1e-3 * total_variation().
    snapshot_steps: after which steps to keep the images.

  >>> lucid(64, steps=32).steps
  32
  """
  return engine.Recipe(
    parameterization=parameterizations.fourier(
      size, channels=channels, n=n, decay=decay, color=color
    ),
    optimizer=optax.adam(learning_rate),
    transform=_standard(size if crop else None),
    regularizer=regularizer,
    steps=steps,
    snapshot_steps=snapshot_steps,
  )


def quick(
  size: Size = 128,
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

  Args:
    size: side, or (height, width), in pixels.
    channels: of the images.
    learning_rate: of Adam.
    steps: how many.
    crop: as for `lucid`.
    **settings: as for `lucid`.

  >>> quick(32).steps
  200
  """
  recipe = lucid(
    size,
    channels=channels,
    learning_rate=learning_rate,
    steps=steps,
    **settings,
  )
  transform = _standard(size if crop else None, (0.85, 1.2), 15)
  return _with(recipe, transform=transform)


def olah(
  size: Size = 128, *, channels: int = 3, steps: int = 2560, **settings
) -> engine.Recipe:
  """The article's recipe (Olah, Mordvintsev and Schubert 2017).

  As `lucid`, with the transforms and the steps of the article instead of the
  library: pad 16, jitter 16, a scale of 1, .975, 1.025, .95 or 1.05, an angle
  of -5 to 5 whole degrees, jitter 8, and the padding cropped away.

  Args:
    size: side, or (height, width), in pixels.
    channels: of the images.
    steps: 2560 in the article.
    **settings: as for `lucid`.

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
  return _with(recipe, transform=transform)


def diversity(
  size: Size = 128,
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


def caricature(
  reference: types.Array, *, steps: int = 512, **settings
) -> engine.Recipe:
  """What a layer sees in an image, exaggerated: for `objectives.caricature`.

  Lucid's: from noise, with its standard transforms cropped to the image's size,
  the reference under the same draws.

  Args:
    reference: [n, h, w, c] in [0, 1].
    steps: how many.
    **settings: as for `lucid`, without size, channels, n and crop.

  >>> caricature(jnp.zeros([1, 16, 16, 3])).steps
  512
  """
  reference = jnp.asarray(reference, jnp.float32)
  n, h, w, channels = reference.shape
  recipe = lucid(
    (h, w), n=n, channels=channels, steps=steps, crop=True, **settings
  )
  return _with(recipe, reference=reference)


def cppn(
  size: Size = 224,
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
    size: side, or (height, width), in pixels.
    channels: of the images.
    n: images a job.
    learning_rate: .005, or .004 as in the notebook.
    steps: how many.
    snapshot_steps: after which steps to keep the images.

  >>> cppn(32).steps
  512
  """
  return engine.Recipe(
    parameterizations.cppn(size, channels, n),
    optax.adam(learning_rate),
    steps=steps,
    snapshot_steps=snapshot_steps,
  )


def maco(
  size: Size = 224,
  *,
  channels: int = 3,
  n: int = 1,
  photos: str = '',
  crops: int = 32,
  crop_size: Size | None = None,
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
    size: side, or (height, width), in pixels.
    channels: of the images.
    n: images a job.
    photos: a folder for the magnitude; '' for ImageNet's closed form.
    crops: a step; each costs as much as an image.
    crop_size: of the crops; the image's by default.
    noise: half the range of what is added.
    learning_rate: of NAdam.
    steps: how many.
    snapshot_steps: after which steps to keep the images.

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
    optax.nadam(learning_rate),
    engine.Scheduled(transform),
    steps=steps,
    snapshot_steps=snapshot_steps,
  )


def accentuation(
  reference: types.Array,
  *,
  crops: int = 16,
  crop_size: Size | None = None,
  learning_rate: float = 0.05,
  steps: int = 99,
  snapshot_steps: tuple[int, ...] = (),
) -> engine.Recipe:
  """A photo with what a unit likes in it made stronger (Hamblin et al. 2024).

  From the photo's own spectrum; Adam .05; each step sees 16 crops of sides
  U(.05, .99) inside, with noise of N(0, .02^2) and U(+-.01), and the photo the
  same ones. The objective is `unit - weight * objectives.distance(layer)`, the
  weight from `balance`.

  Args:
    reference: [n, h, w, c] in [0, 1], the photos.
    crops: a step; each costs as much as an image.
    crop_size: of the crops; the image's by default.
    learning_rate: of Adam.
    steps: 99 updates in the paper's code.
    snapshot_steps: after which steps to keep the images.

  >>> accentuation(jnp.zeros([1, 16, 16, 3])).steps
  99
  """
  reference = jnp.asarray(reference, jnp.float32)
  return engine.Recipe(
    parameterizations.from_images(reference, 'fourier'),
    optax.adam(learning_rate),
    transforms.compose(
      transforms.inner_crops(crops, size=crop_size),
      transforms.noise(0.02),
      transforms.uniform_noise(0.01),
    ),
    steps=steps,
    redirect_steps=0,
    snapshot_steps=snapshot_steps,
    reference=reference,
  )


def balance(
  network: types.Network,
  first: types.Objective,
  second: types.Objective,
  recipe: engine.Recipe,
  seed: int = 0,
) -> float:
  """sum |gradient of first| / sum |gradient of second|: accentuation's lambda.

  With respect to the parameters, after one step along the first: at the start
  the distance to the photo is that of rounding, and its gradient says nothing.
  """
  first, second = (objectives.bind(o, network) for o in (first, second))
  layers = tuple(dict.fromkeys(first.layers + second.layers))
  key, parts = jax.random.key(seed), engine.parts_of(recipe)

  def value(objective, variables):
    def of(params):
      images = parts.parameterization.images(params)
      see = lambda x: network.apply(variables, parts.transform(key, x), layers)
      return objective(engine.beside(see, images, recipe.reference), images)

    return of

  @jax.jit
  def ratio(variables):
    params = parts.parameterization.init(key)
    rise = jax.grad(value(first, variables))(params)
    descent = jax.tree.map(jnp.negative, rise)
    update, _ = parts.optimizer.update(
      descent, parts.optimizer.init(params), params
    )
    params = optax.apply_updates(params, update)

    def size(objective):
      gradients = jax.grad(value(objective, variables))(params)
      return sum(jnp.sum(jnp.abs(g)) for g in jax.tree.leaves(gradients))

    return size(first) / jnp.maximum(size(second), 1e-12)

  return float(np.asarray(ratio(network.variables)))


def _standard(
  size: Size | None = None,
  zoom: tuple[float, float] = (0.9, 1.1),
  turn: float = 10,
) -> types.Transform:
  """Lucid's standard transforms, from continuous ranges; cropped to a size."""
  return transforms.compose(
    transforms.pad(12),
    transforms.jitter(8),
    transforms.scale(*zoom),
    transforms.rotate(-turn, turn),
    transforms.jitter(4),
    *([] if size is None else [transforms.crop_or_pad(size)]),
  )


def _with(recipe: engine.Recipe, **changes) -> engine.Recipe:
  return dataclasses.replace(recipe, **changes)

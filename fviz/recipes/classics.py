"""Recipes of before 2016: ascent in pixels, with priors by hand.

Pixels are t + .5, clipped to [0, 1], with grey at t = 0 in the place of the
papers' mean image. What the papers state for pixels in 0..255 is converted:
a rate of x += rate * gradient by 255^2, a deviation by 255.
"""

import math

import jax.numpy as jnp
import optax

from fviz import (
  checks,
  engine,
  gradients,
  optimizers,
  parameterizations,
  projections,
  regularizers,
  types,
)
from fviz.errors import FvizError

# Yosinski et al. 2015, the four sets of their figures, and their schedules as
# the toolbox has them: (decay, blur sigma, blur every, percentile of norms, of
# contributions, steps, desired progress or None, largest rate in 0..255).
_YOSINSKI = {
  1: (0.0, 0.5, 4, 50.0, 0.0, 500, 2.0, 1e2),
  2: (0.3, 0.0, 1, 20.0, 0.0, 750, None, 1e2),
  3: (1e-4, 1.0, 4, 0.0, 0.0, 1000, None, 1e2),
  4: (0.0, 0.5, 4, 0.0, 90.0, 1000, 2.0, 1e8),
}
_SD = 10 / 255  # Of their start, mean + N(0, 10).
# Typical RMS contrast of photos in [0, 1]; Mahendran and Vedaldi measure
# theirs, the norm sigma, on other images.
_CONTRAST = 0.25


def lewis(
  size: types.Size = 64,
  *,
  channels: int = 3,
  n: int = 1,
  learning_rate: float = 10.0,
  steps: int = 256,
  image: types.Array | None = None,
  free: types.Array | None = None,
  snapshot_steps: tuple[int, ...] = (),
) -> engine.Recipe:
  """Creation by refinement (Lewis 1988): for `objectives.target`.

  Gradient descent on the squared distance of a critic's judgement to the one
  that is wanted, from a random or a partial picture, without any prior; pixels
  in [0, 1]. The rate is ours, the paper's is not known.

  Args:
    learning_rate: of plain gradient descent.
    image: [n, h, w, channels] in [0, 1], whose pixels are kept where not free.
    free: [h, w, 1], 1 where pixels are made, 0 where they are clamped.

  >>> lewis(16).steps
  256
  """
  images = parameterizations.pixels(size, channels, n, sd=0.2, color='clamp')
  if (image is None) != (free is None):
    raise FvizError('lewis: give both image and free, or neither.')
  if image is not None:
    images = parameterizations.masked(
      images, jnp.asarray(image), jnp.asarray(free)
    )
  return engine.Recipe(
    images,
    optax.chain(optimizers.sgd(learning_rate), projections.box()),
    steps=steps,
    redirect_steps=0,
    snapshot_steps=snapshot_steps,
  )


def erhan(
  size: types.Size = 64,
  *,
  channels: int = 3,
  n: int = 1,
  radius: float = _CONTRAST,
  learning_rate: float = 0.03,
  steps: int = 256,
  snapshot_steps: tuple[int, ...] = (),
) -> engine.Recipe:
  """Activation maximization on a sphere (Erhan et al. 2009, section 3).

  x* = argmax of a unit with |x| = rho: after each step x <- rho x / |x|. The
  gradient has an RMS of one before the rate, as the paper states no rate, so
  that one serves all networks.

  Args:
    radius: rho over the square root of the number of values, the RMS contrast;
      ours, as the paper's is that of its training data.
    learning_rate: RMS of a step.

  >>> erhan(16).redirect_steps
  0
  """
  return engine.Recipe(
    parameterizations.pixels(size, channels, n, sd=radius, color='clamp'),
    optax.chain(
      gradients.normalize('rms'),
      optimizers.sgd(learning_rate),
      projections.sphere(radius),
    ),
    steps=steps,
    redirect_steps=0,
    snapshot_steps=snapshot_steps,
  )


def simonyan(
  size: types.Size = 128,
  *,
  channels: int = 3,
  n: int = 1,
  weight: float = 0.02,
  learning_rate: float = 2.0,
  steps: int = 256,
  snapshot_steps: tuple[int, ...] = (),
) -> engine.Recipe:
  """Class models (Simonyan et al. 2013, eq. 1): for `objectives.logit`.

  argmax S_c(I) - lambda |I|^2 by gradient ascent from zero, the mean (here
  grey) added at the end. The paper prints neither lambda nor the rate.

  Args:
    weight: lambda, for the squared norm of pixels in [0, 1].
    learning_rate: of plain gradient ascent.

  >>> simonyan(16).steps
  256
  """
  checks.check('weight', weight, 0)
  checks.check_int('channels', channels, 1)
  values = math.prod(checks.check_size(size)) * channels
  return engine.Recipe(
    parameterizations.pixels(size, channels, n, sd=0.0, color='clamp'),
    optimizers.sgd(learning_rate),
    # The mean of squares; the paper has their sum.
    regularizer=weight * values * regularizers.alpha_norm(2.0),
    steps=steps,
    redirect_steps=0,
    snapshot_steps=snapshot_steps,
  )


def mahendran(
  reference: types.Array,
  *,
  total_variation: float = 10.0,
  alpha_norm: float = 8e-10,
  beta: float = 2.0,
  contrast: float = _CONTRAST,
  rates: tuple[tuple[int, float], ...] = (
    (100, 4e-3),
    (200, 4e-4),
    (100, 4e-5),
  ),
  snapshot_steps: tuple[int, ...] = (),
) -> engine.Recipe:
  """Inversion (Mahendran and Vedaldi 2015, eqs. 1-4): for `objectives.match`.

  E = |code - code0|^2 / |code0|^2 + [l_TV / 2 TV^beta + l_6 / 2 sum x^6] / s^2,
  momentum .9 that starts anew whenever the rate changes, from noise of norm s.
  All numbers are the paper's and its library's for pixels in 0..255.

  Args:
    reference: [n, h, w, c] in [0, 1], the images whose code is inverted.
    total_variation: l_TV: 1 for early layers, 10 and 100 for later ones.
    alpha_norm: l_6.
    beta: of the total variation; 1 gives isolated spikes.
    contrast: s over the square root of the number of values, over 255.
    rates: (steps, rate) in turn; 400 steps as in the paper's experiments.

  >>> mahendran(jnp.zeros([1, 8, 8, 3])).steps
  400
  """
  reference = jnp.asarray(checks.images('reference', reference))
  numbers = dict(total_variation=total_variation, alpha_norm=alpha_norm)
  for name, number in numbers.items():
    checks.check(name, number, 0)
  checks.check_positive('beta', beta)
  checks.check_positive('contrast', contrast)
  checks.check_sequence('rates', rates, '((steps, learning rate),)')
  n, h, w, channels = reference.shape
  square = contrast**2 * h * w * channels  # s^2 of pixels in [0, 1].
  # 255^2 of TV and of s^2 cancel, and so does the number of values.
  penalty = (
    total_variation / 2 / contrast**2 * regularizers.total_variation(beta)
  )
  # Six powers of 255 in the norm, and two in s^2.
  penalty += (
    alpha_norm / 2 * 255**4 / contrast**2 * regularizers.alpha_norm(6.0)
  )
  return engine.Recipe(
    parameterizations.pixels((h, w), channels, n, sd=contrast, color='clamp'),
    # Their step is on s^2 E in 0..255: s^2 / 255^2 for pixels in [0, 1].
    optimizers.momentum(tuple((k, r * square) for k, r in rates)),
    regularizer=penalty,
    steps=sum(k for k, _ in rates),
    redirect_steps=0,
    snapshot_steps=snapshot_steps,
    reference=reference,
  )


def yosinski(
  number: int = 3,
  size: types.Size = 128,
  *,
  channels: int = 3,
  n: int = 1,
  gain: float = 1.0,
  steps: int | None = None,
  snapshot_steps: tuple[int, ...] = (),
) -> engine.Recipe:
  """Four sets of hand-made priors (Yosinski et al. 2015, table 1).

  A step is an ascent, L2 decay, a blur now and then, and zeroing of pixels of
  small norm or small contribution, in this order, which is the toolbox's. Set 1
  has edges on grey, 2 many small pieces, 3 (most of the figures) low
  frequencies, 4 few and bold parts. Units are those of a late layer, before the
  softmax; the centre unit is `objectives.neuron`.

  Args:
    number: 1 to 4.
    gain: factor of the published rates, which are CaffeNet's: more for networks
      of smaller gradients, whose pictures stay grey otherwise.
    steps: the set's 500, 750, 1000 or 1000 by default.

  >>> yosinski(2).steps
  750
  """
  checks.check_int('number', number, 1)
  if steps is not None:
    checks.check_int('steps', steps, 1)
  if number not in _YOSINSKI:
    raise FvizError(f'yosinski has sets 1 to 4, not {number!r}.')
  decay, sigma, every, norm, contribution, most_steps, desired, rate = (
    _YOSINSKI[number]
  )
  checks.check('gain', gain, 0)
  rate = gain * rate / 255**2
  ascent = (
    optimizers.sgd(rate)
    if desired is None
    else optimizers.progress(desired, rate)
  )
  parts: list[optax.GradientTransformation] = [ascent]
  if decay:
    parts.append(projections.decay(decay))
  if sigma:
    parts.append(projections.blur_every(sigma, every))
  if norm:
    parts.append(projections.small_norm(norm))
  if contribution:
    parts.append(projections.small_contribution(contribution))
  return engine.Recipe(
    parameterizations.pixels(size, channels, n, sd=_SD, color='clamp'),
    optax.chain(*parts, projections.box()),
    steps=steps or most_steps,
    redirect_steps=0,
    snapshot_steps=snapshot_steps,
  )

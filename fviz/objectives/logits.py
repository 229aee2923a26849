"""Objectives of classes: logits, and the odds against all others."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from fviz.objectives.binding import mean_channel, of_layer, take
from fviz.types import Kind, Leaf, Objective


def logit(label: str | ArrayLike | Sequence[str], layer: str = '') -> Objective:
  """A class before the softmax, which would also reward fewer rivals.

  Simonyan et al. 2013. `bind` resolves names and the default layer.

  Args:
    label: the name of a class, or its index.
    layer: where the logits are; '' is the network's last layer.

  >>> print(logit(1, 'logits')({'logits': jnp.array([[3., 4.]])}, None))
  4.0
  """
  return of_layer(mean_channel, layer, Leaf(label, Kind.LABEL))


def log_odds(
  label: str | ArrayLike | Sequence[str], layer: str = ''
) -> Objective:
  """log(p / (1 - p)) of a class: its logit, less the logsumexp of the others.

  A logit alone can stay at a grey start, or grow beside larger ones; this one
  also has to drive the rivals out, and does not saturate as log p does.

  Args:
    label: the name of a class, or its index.
    layer: where the logits are; '' is the network's last layer.

  >>> print(log_odds(1, 'logits')({'logits': jnp.array([[3., 4.]])}, None))
  1.0
  """
  return of_layer(_log_odds, layer, Leaf(label, Kind.LABEL))


def _log_odds(a, index):
  own = jax.lax.broadcasted_iota(jnp.int32, a.shape, a.ndim - 1) == index
  rivals = jax.nn.logsumexp(jnp.where(own, -jnp.inf, a), -1)
  return jnp.mean(take(a, index, -1) - rivals)

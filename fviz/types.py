"""The protocols that every part of fviz shares: plain data and pure functions.

Nothing here imports another module of fviz, and the core never imports flax.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import jax
from jax.typing import ArrayLike

Array = jax.Array
Key = jax.Array  # A typed PRNG key, as jax.random.key makes it.
PyTree = Any
Device = Any  # A jax.Device, which type checkers do not take for a type.
Size = int | tuple[int, int]  # A side, or (height, width), in pixels.
Activations = Mapping[str, Array]  # Layer name -> [n, h, w, channels].


def reference(layer: str = '') -> str:
  """Where activations hold those of the recipe's reference images.

  Args:
    layer: its name; '' for the images themselves.

  >>> reference('mixed3')
  'mixed3 of the reference'
  """
  return f'{layer or "images"} of the reference'


class Layer(NamedTuple):
  """What is known of a layer without running it.

  Attributes:
    channels: size of the last axis.
    size: (height, width) at the network's input size, () for a vector layer
      such as logits.
    stride: input pixels per position, to the nearest power of two; 0 for a
      vector layer.
  """

  channels: int
  size: tuple[int, ...]
  stride: int


@dataclasses.dataclass(frozen=True)
class Network:
  """A network as the engine sees it: a pure function and its variables.

  Attributes:
    apply: (variables, images, layers) -> {layer: activation}; images are
      [n, h, w, c] in [0, 1], the network's own preprocessing happens inside,
      and only the asked layers are returned, so that XLA drops the rest.
    variables: pytree of weights, the first argument of `apply`.
    layers: name -> `Layer`, in the order of the forward pass.
    labels: class names of the last layer, () where there are none.
    input_size: (height, width) the network was trained at.
    input_channels: 3 for RGB, 1 for grey, any number for measurements.
    name: what error messages and records call it.
  """

  apply: Callable[[PyTree, Array, tuple[str, ...]], dict[str, Array]]
  variables: PyTree
  layers: Mapping[str, Layer]
  labels: tuple[str, ...] = ()
  input_size: tuple[int, int] = (224, 224)
  input_channels: int = 3
  name: str = 'network'

  def takes(self, size: tuple[int, int], layers: tuple[str, ...] = ()) -> bool:
    """Whether images of a size run through to some layers, or to the last.

    Only shapes are traced, nothing is computed.
    """
    wanted = layers or tuple(self.layers)[-1:]
    shape = (1, *size, self.input_channels)
    images = jax.ShapeDtypeStruct(shape, 'float32')
    apply = lambda variables, x: self.apply(variables, x, wanted)
    try:
      found = jax.eval_shape(apply, self.variables, images)
    except Exception:  # Networks are anybody's code and raise anything.
      return False
    return all(math.prod(value.shape) for value in found.values())

  @functools.cached_property
  def fixed_size(self) -> bool:
    """Whether it runs at its `input_size` only, as found by another size.

    Such are networks that flatten images, and transformers that do not stretch
    their position embeddings. Recipes then crop what the network sees.
    """
    height, width = self.input_size
    return not self.takes((2 * height, 2 * width))


class Parameterization(NamedTuple):
  """Images as a function of what is optimized.

  Attributes:
    init: key -> params, a pytree of float32 arrays.
    images: params -> [n, h, w, c] in [0, 1].
  """

  init: Callable[[Key], PyTree]
  images: Callable[[PyTree], Array]


class Transform(Protocol):
  """(key, images [n, h, w, c]) -> images of a fixed shape."""

  def __call__(self, key: Key, images: Array) -> Array: ...


class Kind(enum.Enum):
  """What a leaf of an objective is."""

  NUMBER = 'number'
  INDEX = 'index'  # The number of a channel.
  LABEL = 'label'  # The same, or a class's name until `objectives.bind`.
  POSITION = 'position'  # A row or a column of the activation.
  VECTOR = 'vector'  # [channels]
  MASK = 'mask'  # [height, width]
  MATRIX = 'matrix'  # [channels, channels]
  ARRAY = 'array'  # [height, width, channels]
  OBJECTIVE = 'objective'

  @property
  def rank(self) -> int:
    """How many axes such a leaf has; an axis of jobs comes on top."""
    ranks = {Kind.VECTOR: 1, Kind.MASK: 2, Kind.MATRIX: 2, Kind.ARRAY: 3}
    return ranks.get(self, 0)

  @property
  def is_integer(self) -> bool:
    """Whether it counts something."""
    return self in (Kind.INDEX, Kind.LABEL, Kind.POSITION)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Leaf:
  """A number, an array or an objective that an objective is made of.

  Attributes:
    value: it may carry a leading axis of jobs.
    kind: what it is; static.
  """

  value: Any
  kind: Kind = dataclasses.field(default=Kind.NUMBER, metadata={'static': True})


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Objective:
  """What to maximize: (activations, images) -> scalar, a mean per image.

  Objectives are pytrees, so that a sweep over channels or weights is one
  compiled program: the numbers are leaves and may carry a leading axis of
  jobs. `+ - * /` with another objective or a number build new objectives.

  Attributes:
    function: (activations, images, *values of the leaves) -> scalar; static.
    layers: the layers it reads; static.
    leaves: what may differ from job to job.
  """

  function: Callable[..., Array] = dataclasses.field(metadata={'static': True})
  layers: tuple[str, ...] = dataclasses.field(metadata={'static': True})
  leaves: tuple[Leaf, ...] = ()

  def __call__(self, activations: Activations, images: Array) -> Array:
    values = (leaf.value for leaf in self.leaves)
    return self.function(activations, images, *values)

  def __add__(self, other: Objective | ArrayLike) -> Objective:
    return _combine(_sum, self, other)

  def __sub__(self, other: Objective | ArrayLike) -> Objective:
    return _combine(_difference, self, other)

  def __mul__(self, other: Objective | ArrayLike) -> Objective:
    return _combine(_product, self, other)

  def __truediv__(self, other: Objective | ArrayLike) -> Objective:
    return _combine(_quotient, self, other)

  def __rtruediv__(self, other: ArrayLike) -> Objective:
    return _combine(_reversed_quotient, self, other)

  def __rsub__(self, other: ArrayLike) -> Objective:
    return -1.0 * self + other

  def __neg__(self) -> Objective:
    return -1.0 * self

  __radd__ = __add__
  __rmul__ = __mul__
  # An array on the left leaves it to us, instead of a product an element.
  __array_ufunc__ = None


def _combine(function, a: Objective, b: Objective | ArrayLike) -> Objective:
  first = Leaf(a, Kind.OBJECTIVE)
  if isinstance(b, Objective):
    layers = tuple(dict.fromkeys(a.layers + b.layers))
    return Objective(function, layers, (first, Leaf(b, Kind.OBJECTIVE)))
  return Objective(function, a.layers, (first, Leaf(b)))


def _sum(activations, images, a, b):
  return a(activations, images) + _value(b, activations, images)


def _difference(activations, images, a, b):
  return a(activations, images) - _value(b, activations, images)


def _product(activations, images, a, b):
  return a(activations, images) * _value(b, activations, images)


def _quotient(activations, images, a, b):
  return a(activations, images) / _value(b, activations, images)


def _reversed_quotient(activations, images, a, b):
  return _value(b, activations, images) / a(activations, images)


def _value(term, activations, images):
  if isinstance(term, Objective):
    return term(activations, images)
  return term

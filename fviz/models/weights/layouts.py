"""How the tensors of a file become a network: one `Layout` for each spelling.

A family of networks has a table `LAYOUTS`, name -> spellings. The first one is
that of the default weights; the names in a file decide by which one it is read.
"""

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from flax import nnx

from fviz import errors, networks, types
from fviz.models.weights import (
  class_names,
  download,
  filling,
  sources,
  tensor_files,
)


@dataclasses.dataclass(frozen=True)
class Layout:
  """A spelling of a network's weights.

  Attributes:
    build: (*, rngs, **options) -> the module, called on images.
    source: the key in `sources.SOURCES` of the preprocessing and labels that a
      file of this spelling has.
    marker: the name of a tensor that only files of this spelling have.
    rename: path in the model -> name in the file.
    convert: see `filling.fill`.
    ignored: patterns of names in the file without a place in the model.
    options: names of the options that `build` takes.
  """

  build: Callable[..., nnx.Module]
  source: str
  marker: str = ''
  rename: Callable[[str], str] = filling.torch_key
  convert: Callable[..., np.ndarray] | None = filling.from_torch
  ignored: tuple[str, ...] = ()
  options: tuple[str, ...] = ()


File = str | os.PathLike
Layouts = Sequence[Layout]  # Of one network of the zoo, the default first.
Options = Mapping[str, Any]  # For the module, such as pool='average'.


def load(
  name: str, layouts: Layouts, weights: File, options: Options
) -> types.Network:
  """A network of the zoo from a file, or from published weights by their name.

  Weights '' are the default ones.

  Raises:
    FvizError: if the options or weights do not fit, see `filling.fill` and
      `download.fetch`.
  """
  if options:
    abstract(name, layouts[0], options)  # Refused before a download.
  known, source = sources.of(name), None
  file = weights or next(iter(known))
  if file in known:
    source = known[os.fspath(file)]
    file = download.fetch(os.fspath(file), source)
  elif not os.path.exists(file):
    raise errors.FvizError(
      f'No weights file {os.fspath(file)!r}: give an existing file, or one of '
      f'the published weights of {name}: {", ".join(known)}.'
    )
  return fill(name, layouts, tensor_files.read(file), source, file, options)


def fill(
  name: str,
  layouts: Layouts,
  tensors: Mapping[str, np.ndarray],
  source: sources.Origin | None = None,
  file: File = '',
  options: Options | None = None,
) -> types.Network:
  """A network from tensors, whichever spelling they have.

  Args:
    name: of the network.
    layouts: its spellings.
    tensors: name in the file -> array.
    source: whose preprocessing and labels it has; None takes the spelling's.
    file: where the tensors come from.
    options: for the module.
  """
  layout = next((x for x in layouts if x.marker in tensors), layouts[0])
  model = filling.fill(
    abstract(name, layout, options or {}),
    tensors,
    layout.rename,
    str(file),
    convert=layout.convert,
    ignored=layout.ignored,
  )
  return _network(name, model, source or sources.SOURCES[layout.source], file)


def architecture(
  name: str, layouts: Layouts, weights: File, options: Options
) -> types.Network:
  """A network whose variables are shapes: enough for its table of layers.

  The weights, a file or published ones, decide the spelling.
  """
  if weights and weights not in sources.of(name):
    return load(name, layouts, weights, options)  # Says what does not fit.
  layout = next((x for x in layouts if x.source == weights), layouts[0])
  source = sources.SOURCES[layout.source]
  return _network(name, abstract(name, layout, options), source, '')


def abstract(name: str, layout: Layout, options: Options) -> nnx.Module:
  """The module with shapes in place of parameters: nothing is computed."""
  for option in options:
    if option not in layout.options:
      raise errors.unknown(f'option of {name}', option, layout.options)
  rngs = _OneKey(jax.random.key(0))
  return nnx.eval_shape(lambda: layout.build(rngs=rngs, **options))


def parameters(network: types.Network) -> int:
  """How many numbers were trained: without the statistics of batch norm."""
  state = nnx.filter_state(network.variables, nnx.Param)
  return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(state))


def preprocess(source: sources.Origin) -> Callable[[jax.Array], jax.Array]:
  """Images in [0, 1] RGB -> what a network with these weights takes.

  >>> caffe = sources.SOURCES["squeezenet1_0_caffe"]
  >>> preprocess(caffe)(np.ones((1, 1, 1, 3), "f")).round().ravel().tolist()
  [151.0, 138.0, 132.0]
  """
  normalize = networks.normalize(source.mean, source.std)
  if source.bgr:
    return lambda images: normalize(images[..., ::-1])
  return normalize


class _OneKey(NamedTuple):
  """Takes the place of nnx.Rngs where nothing is drawn: four times as fast."""

  key: types.Key

  def params(self) -> types.Key:
    return self.key


def _network(name, model, source, file) -> types.Network:
  return networks.from_nnx(
    model,
    preprocess=preprocess(source),
    labels=class_names.of(source.labels, file) if file else (),
    input_size=(source.size, source.size),
    name=name,
  )

"""Every network against an independent implementation in PyTorch.

`tests/golden` holds what timm and torchvision compute with weights that are a
formula of their names; `scripts/make_golden.py` wrote it. Where both can be
imported they run here as well, and every number is compared.
"""

import importlib.util
import json
import pathlib

import formula
import jax
import numpy as np
import pytest
import references

from fviz import models
from fviz.models import layout

_GOLDEN = pathlib.Path(__file__).with_name('golden')
_RTOL = 1e-4


def _activations(name, tensors):
  """All layers of a network filled by formula."""
  shapes = {k: tuple(shape) for k, shape in tensors.items()}
  filled = {k: formula.tensor(k, shape) for k, shape in shapes.items()}
  _, family = models._family(name)
  network = layout.fill(name, family.layouts(name), filled)
  images = formula.images(references.MODELS[name][2])
  layers = tuple(network.layers)
  with jax.disable_jit(False):
    apply = jax.jit(lambda v, x: network.apply(v, x, layers))
    return network, apply(network.variables, images)


@pytest.mark.parametrize('name', references.MODELS)
def test_golden(name):
  golden = np.load(_GOLDEN / f'{name}.npz')
  network, ours = _activations(name, json.loads(str(golden['tensors'])))
  assert layout.parameters(network) == golden['parameters']
  layers = json.loads(str(golden['layers']))
  shapes = json.loads(str(golden['shapes']))
  assert not set(layers) - set(ours)
  for layer, shape, summary in zip(
    layers, shapes, golden['summaries'], strict=True
  ):
    assert list(ours[layer].shape) == shape, layer
    np.testing.assert_allclose(
      formula.summary(ours[layer]),
      summary,
      rtol=_RTOL,
      atol=_RTOL * summary[-1],  # Of the layer's deviation.
      err_msg=f'{name} {layer}',
    )

import dataclasses
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import small
from jax.extend import core

from fviz import (
  cli,
  engine,
  errors,
  models,
  networks,
  objectives,
  recipes,
  sweep,
)
from fviz import config as configs
from fviz.compare import judge
from fviz.compiler import precisions, rewrite
from fviz.runs import render

_OFF = jnp.bool_(False)
_LAYERS = ('conv', 'norm', 'conv_1', 'logits')


def _images():
  return jax.random.uniform(jax.random.key(0), (2, 24, 24, 3))


def _run(network, computed_in, layers=_LAYERS):
  prepared = rewrite.prepare(network, (2, 24, 24, 3), layers, computed_in)
  return jax.jit(lambda x: prepared.apply(prepared.constants, x, _OFF))


def _types(function, *arguments):
  """The types that the products, and the sums, of a function take."""
  products, sums = set(), set()

  def visit(jaxpr):
    for equation in jaxpr.eqns:
      kinds = {str(v.aval.dtype) for v in equation.invars}
      if equation.primitive.name in ('conv_general_dilated', 'dot_general'):
        products.update(kinds)
      if equation.primitive.name == 'reduce_sum':
        sums.update(kinds)
      for inner in core.jaxprs_in_params(equation.params):
        visit(inner)

  visit(jax.make_jaxpr(function)(*arguments).jaxpr)
  return products, sums


def test_bfloat16_products_between_float32_ends():
  network, images = small.network(), _images()
  narrow, wide = (_run(network, p) for p in ('bfloat16', 'float32'))
  assert _types(narrow, images) == ({'bfloat16'}, {'float32'})
  assert _types(wide, images) == ({'float32'}, {'float32'})
  for layer, expected in wide(images).items():
    found = narrow(images)[layer]
    assert found.dtype == expected.dtype == jnp.float32
    error = np.abs(found - expected).max() / np.abs(expected).max()
    assert 0 < error < 2e-2  # bfloat16 has 8 bits; and it was used.


def _awkward(variables, images, layers):
  """Float32 constants, loops, norms and an exact product, as users write."""
  kernel, matrix = variables
  x = (images - jnp.array([0.4, 0.5, 0.6])) / jnp.float32(0.25)
  x = jax.lax.conv_general_dilated(
    x, kernel, (1, 1), 'SAME', dimension_numbers=('NHWC', 'HWIO', 'NHWC')
  )
  x = 100 + x  # One-pass variances fail here in bfloat16.
  mean = x.mean(-1, keepdims=True)
  x = (x - mean) * jax.lax.rsqrt((x**2).mean(-1, keepdims=True) - mean**2 + 1)
  x = jax.lax.fori_loop(0, 3, lambda i, x: jax.nn.gelu(x) + 0.1 * i, x)
  exact = jnp.matmul(x.mean((1, 2)), matrix, precision='highest')
  out = {'features': x, 'exact': exact, 'odds': jax.nn.softmax(exact)}
  return {layer: out[layer] for layer in layers}


def test_any_code_is_mixed_with_what_must_be_exact_in_float32():
  kernel = 0.3 * jax.random.normal(jax.random.key(1), (3, 3, 3, 8))
  matrix = jax.random.normal(jax.random.key(2), (8, 4))
  names = ('features', 'exact', 'odds')
  network = networks.from_function(
    _awkward, (kernel, matrix), names, input_size=(24, 24)
  )
  images = _images()
  narrow, wide = (_run(network, p, names) for p in ('bfloat16', 'float32'))
  products, sums = _types(narrow, images)
  assert products == {'bfloat16', 'float32'} and sums == {'float32'}
  for name in names:
    found, expected = narrow(images)[name], wide(images)[name]
    # The convolution's result, about 100, is known to 1/4.
    np.testing.assert_allclose(found, expected, atol=0.3)
  gradient = jax.grad(lambda x: narrow(x)['odds'][:, 0].sum())(images)
  assert gradient.dtype == jnp.float32 and np.isfinite(gradient).all()


def test_gradients_point_the_same_way():
  network, images = small.network(), _images()
  a, b = (
    np.ravel(jax.grad(lambda x: run(x)['logits'][:, 1].sum())(images))  # noqa: B023
    for run in (_run(network, p) for p in ('bfloat16', 'float32'))
  )
  assert np.isfinite(a).all()
  assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) > 0.99


@pytest.mark.parametrize(
  ('name', 'products'),
  [('tf32', 'HIGH'), ('float32', 'HIGHEST'), ('bfloat16', 'DEFAULT')],
)
def test_what_products_round_to_on_gpus(monkeypatch, name, products):
  monkeypatch.setattr(jax, 'default_backend', lambda: 'gpu')
  run = _run(small.network(), name)
  text = str(
    jax.make_jaxpr(jax.grad(lambda x: run(x)['logits'].sum()))(_images())
  )
  found = re.findall(r'precision=\(Precision\.(\w+)', text)
  assert len(found) >= 5 and set(found) == {products}


def _recipe(name, **changes):
  recipe = recipes.lucid(24, steps=3)
  return dataclasses.replace(recipe, precision=name, **changes)


def test_parameters_and_losses_stay_in_float32():
  objective = objectives.channel('conv_1', jnp.arange(2))
  narrow, wide = (
    engine.render(small.network(), objective, _recipe(p))
    for p in ('bfloat16', 'tf32')
  )
  for leaf in jax.tree.leaves(narrow):
    assert leaf.dtype in (np.float32, np.int32)
  assert np.any(narrow.history != wide.history)
  np.testing.assert_allclose(narrow.history, wide.history, atol=0.05)


_MEASURES = (
  'activation',
  'heldout_mean',
  'total_variation',
  'high_frequency',
  'spectrum_distance',
  'color_distance',
)


@pytest.mark.thorough
def test_pictures_are_as_good_as_in_float32():
  """On average no metric moves by more than from seed to seed."""
  network, channels = models.load('pareidolia'), np.arange(6)
  scale = judge.Judge(network, 'mixed1')

  def measured(name, seed):
    recipe = recipes.lucid(32, steps=24)
    result = engine.render(
      network,
      objectives.channel('mixed1', channels),
      dataclasses.replace(recipe, precision=name),
      seed=seed,
    )
    found = scale.measure(result.images[:, 0], channels)
    return np.array([[one[k] for k in _MEASURES] for one in found])

  wide = measured('float32', 0)
  change = measured('bfloat16', 0) - wide
  noise = measured('float32', 1) - wide
  assert np.abs(change).max() > 0
  assert np.all(np.abs(change.mean(0)) <= np.sqrt((noise**2).mean(0)))


def test_what_is_no_precision_is_refused_before_any_work(tmp_path, capsys):
  with pytest.raises(errors.FvizError, match='bfloat16'):
    engine.render(
      small.network(), objectives.channel('conv', 0), _recipe('bfloat')
    )
  for run, config in (
    (sweep.run, configs.sweep()),
    (render.run, configs.render()),
  ):
    config.precision = 'half'
    with pytest.raises(errors.FvizError, match="precision 'half'"):
      run(config, str(tmp_path / 'out'))
  for command in ('dream --sample', 'render --channel 1'):
    assert cli.main(f'{command} --set precision=half'.split()) == 1
    assert "precision 'half'" in capsys.readouterr().err
    assert cli.main(f'{command} --precision half'.split()) == 2
    assert 'float32' in capsys.readouterr().err
  assert not list(tmp_path.iterdir())


def test_precision_is_recorded_and_kept(tmp_path):
  network, config = small.network(), configs.sweep()
  config.update(layer='conv_1', channels=(1,), transforms='', size=16)
  config.update(steps=1, snapshots=1, precision='bfloat16')
  sweep.run(config, str(tmp_path), network)
  config.remat = True  # Changes no picture.
  sweep.run(config, str(tmp_path), network)
  config.precision = 'float32'
  with pytest.raises(errors.FvizError, match='precision: "bfloat16" -> "flo'):
    sweep.run(config, str(tmp_path), network)


def test_one_is_warned_once_of_bfloat16_on_cpus(caplog):
  precisions._note.cache_clear()
  precisions.check('bfloat16')
  precisions.check('bfloat16')
  precisions.check('tf32')
  assert len(caplog.records) == 1 and 'slower' in caplog.text

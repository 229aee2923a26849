import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from fviz import engine, networks, recipes
from fviz.compiler import (
  convolution,
  redirected_relu,
  rematerialization,
  rewrite,
)

_OFF = jnp.bool_(False)


def test_a_chain_of_n_is_cut_into_about_the_root_of_n():
  operations = [((i,), (i + 1,)) for i in range(100)]
  sizes = dict.fromkeys(range(101), 1)
  pieces = rematerialization.cut(operations, (100,), sizes, [1] * 100)
  assert [p.start for p in pieces[1:]] == [p.stop for p in pieces[:-1]]
  assert (pieces[0].start, pieces[-1].stop) == (0, 100)
  assert all(p.keeps == [p.stop] for p in pieces)
  longest = max(p.stop - p.start for p in pieces)
  assert len(pieces) + longest <= 21


def test_cuts_avoid_the_insides_of_blocks():
  """Blocks of four branches of size 5 that join to a value of size 1."""
  operations, sizes = [], {0: 1}
  for block in range(12):
    first = 5 * block
    operations += [((first,), (first + k,)) for k in range(1, 5)]
    operations += [(tuple(range(first + 1, first + 5)), (first + 5,))]
    sizes |= {first + k: 5 for k in range(1, 5)} | {first + 5: 1}
  pieces = rematerialization.cut(operations, (60,), sizes, [5, 5, 5, 5, 1] * 12)
  assert len(pieces) > 2
  assert all(len(p.keeps) == 1 and p.keeps[0] % 5 == 0 for p in pieces)


def test_what_is_returned_is_kept():
  operations = [((i,), (i + 1,)) for i in range(20)]
  sizes = dict.fromkeys(range(21), 1)
  pieces = rematerialization.cut(operations, (3, 20), sizes, [4] * 20)
  assert len(pieces) > 2
  assert all(3 in p.keeps for p in pieces if p.stop > 3)


def test_little_to_gain_is_no_reason_to_cut():
  operations = [((i,), (i + 1,)) for i in range(20)]
  sizes = dict.fromkeys(range(21), 4)
  (piece,) = rematerialization.cut(operations, (20,), sizes, [1] * 20)
  assert piece == (0, 20, [20])


def test_what_gradients_keep(monkeypatch):
  x = jax.ShapeDtypeStruct((2, 5, 5, 3), jnp.float32)
  kernel = jnp.ones((3, 3, 3, 4))
  conv = lambda x, *k: convolution.conv(x, *k, (1, 1), ((1, 1), (1, 1)))
  assert rematerialization.saved(conv, x, kernel, convolution.flip(kernel)) == 0
  relu = lambda: rematerialization.saved(
    redirected_relu.relu, x, jnp.bool_(False)
  )
  assert relu() == 600
  monkeypatch.setattr(jax, 'default_backend', lambda: 'gpu')
  assert relu() == 150  # A byte each.
  assert rematerialization.saved(lambda x: x + 1, x) == 0
  # The factors themselves, but nothing of the images' size.
  assert rematerialization.saved(lambda x, y: x * y, x, jnp.ones(3)) == 12
  assert rematerialization.saved(jnp.square, x) == 600


class _Deep(nnx.Module):
  """A chain of convolutions."""

  def __init__(self, rngs):
    self.convs = nnx.List(
      [nnx.Conv(3 if i == 0 else 8, 8, (3, 3), rngs=rngs) for i in range(16)]
    )

  def __call__(self, x):
    for conv in self.convs:
      x = jnp.sin(conv(x))  # Its gradient needs its input.
    return x


def _gradient(network, shape, remat):
  layer = list(network.layers)[-1]
  prepared = rewrite.prepare(network, shape, (layer,), 'float32', remat)
  loss = lambda x: prepared.apply(prepared.constants, x, _OFF)[layer].mean()
  return jax.grad(loss)


def test_less_memory_and_the_same_gradient():
  network = networks.from_nnx(_Deep(nnx.Rngs(0)), input_size=(64, 64))
  x = jax.random.uniform(jax.random.key(0), (1, 64, 64, 3))
  found, used = [], []
  for remat in (False, True):
    lowered = jax.jit(_gradient(network, x.shape, remat)).lower(x)
    compiled = rematerialization.compiled(lowered)
    used.append(compiled.memory_analysis().temp_size_in_bytes)
    found.append(compiled(x))
  assert used[1] < 0.7 * used[0]
  np.testing.assert_allclose(*found, rtol=1e-4, atol=1e-8)


def test_pictures_are_the_same():
  network = networks.from_nnx(_Deep(nnx.Rngs(0)), input_size=(24, 24))
  keys = engine.job_keys(0, np.arange(1), np.zeros(1, int))
  jobs = engine.channel_jobs(network, 'output', [1], keys)
  found, used = [], []
  for remat in (False, True):
    recipe = dataclasses.replace(recipes.lucid(24, steps=3), remat=remat)
    one = engine.Engine(network, jobs, recipe, jax.devices()[:1])
    ((_, result),) = one.run(jobs, 1)
    found.append(result)
    used.append(one.programs.step(1).memory_analysis().temp_size_in_bytes)
  plain, less = found
  assert used[1] < used[0]
  np.testing.assert_allclose(plain.images, less.images, rtol=1e-4, atol=2e-4)
  np.testing.assert_allclose(plain.history, less.history, rtol=1e-3, atol=1e-5)


def test_a_jaxlib_without_the_option_compiles_all_the_same(monkeypatch):
  monkeypatch.setattr(
    rematerialization, '_LATE', {'xla_cpu_of_another_version': 1}
  )
  assert rematerialization.compiled(jax.jit(jnp.sin).lower(1.0))(0.0) == 0.0

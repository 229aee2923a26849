"""Recipes are plain data: every field of a scheduled one can be replaced."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from fviz import (
  engine,
  networks,
  objectives,
  parameterizations,
  recipes,
  regularizers,
  transforms,
)
from fviz.compiler import rematerialization

# Every field of a recipe, and another value for it.
OTHERS = {
  'parameterization': parameterizations.pixels(16),
  'optimizer': optax.sgd(0.1),
  'transform': transforms.identity(),
  'regularizer': 10.0 * regularizers.total_variation(),
  'steps': 3,
  'redirect_steps': 0,
  'snapshot_steps': (2, 4),
  'tolerance': 1e9,
  'reference': jnp.ones([1, 16, 16, 3]),
  'precision': 'bfloat16',
  'remat': True,
}


def _network():
  """One channel that is alive and one whose ReLU is dead."""

  def apply(weights, images, layers):
    x = jax.lax.conv_general_dilated(
      images,
      weights,
      (1, 1),
      'SAME',
      dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
    )
    return {'relu': jax.nn.relu(x + jnp.array([0.0, -100.0]))}

  weights = np.random.default_rng(0).normal(size=[3, 3, 3, 2])
  return networks.from_function(
    apply, jnp.float32(weights), ['relu'], input_size=(16, 16)
  )


def _render(recipe, channel=0, extra=0.0):
  objective = objectives.channel('relu', channel) + extra
  return engine.render(_network(), objective, recipe)


def _maco():
  return recipes.maco(16, crops=2, steps=96)


def _same(a, b):
  return all(
    np.array_equal(x, y)
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
  )


def test_every_field_is_tried():
  fields = {field.name for field in dataclasses.fields(engine.Recipe)}
  assert set(OTHERS) == fields
  assert isinstance(_maco().transform, engine.Scheduled)


@pytest.mark.parametrize(
  'field', sorted(set(OTHERS) - {'remat', 'reference', 'redirect_steps'})
)
def test_replacing_a_field_of_a_scheduled_recipe_has_its_effect(field):
  recipe = _maco()
  other = dataclasses.replace(recipe, **{field: OTHERS[field]})
  before, after = _render(recipe), _render(other)
  if field == 'snapshot_steps':
    assert after.snapshots.shape[1] == 2
    np.testing.assert_allclose(before.images, after.images, atol=1e-5)
  elif field == 'tolerance':
    assert before.steps == 96 and after.steps == 64
  elif field == 'steps':
    assert after.steps == 3 and after.history.shape == (1, 3)
  else:
    assert np.abs(before.images - after.images).max() > 1e-4


def test_replacing_the_redirection_reaches_dead_units():
  recipe = _maco()
  other = dataclasses.replace(recipe, redirect_steps=0)
  start = _render(dataclasses.replace(other, steps=1), 1).images
  np.testing.assert_array_equal(_render(other, 1).images, start)
  assert np.abs(_render(recipe, 1).images - start).max() > 1e-3


def test_replacing_the_reference_is_what_objectives_see():
  recipe = dataclasses.replace(_maco(), reference=jnp.zeros([1, 16, 16, 3]))
  other = dataclasses.replace(recipe, reference=OTHERS['reference'])
  near = -10.0 * objectives.distance('relu')
  assert not _same(_render(recipe, 0, near), _render(other, 0, near))


def test_replacing_remat_compiles_for_little_memory(monkeypatch):
  compiled, calls = rematerialization.compiled, []
  note = lambda lowered: calls.append(1) or compiled(lowered)
  monkeypatch.setattr(rematerialization, 'compiled', note)
  recipe = dataclasses.replace(_maco(), steps=2)
  plain = _render(recipe)
  assert not calls
  other = _render(dataclasses.replace(recipe, remat=True))
  assert calls
  np.testing.assert_allclose(plain.images, other.images, atol=1e-4)


def test_a_schedule_survives_what_is_replaced_beside_it():
  """The crops of maco still shrink when the optimizer is another one."""
  recipe = dataclasses.replace(_maco(), optimizer=optax.sgd(0.0))
  fixed = dataclasses.replace(
    recipe, transform=engine.parts_of(recipe, 0).transform
  )
  moving, still = _render(recipe), _render(fixed)
  # Nothing moves, so that only the crops differ, and not in the first step.
  assert moving.history[0, 0] == pytest.approx(still.history[0, 0], rel=1e-5)
  assert not np.allclose(moving.history[0, 32:], still.history[0, 32:])


def test_parts_follow_the_step():
  rate = engine.Scheduled(lambda step: optax.sgd(1.0 * step))
  recipe = dataclasses.replace(recipes.lucid(16), optimizer=rate)
  for step in (0, 3):
    optimizer = engine.parts_of(recipe, step).optimizer
    update, _ = optimizer.update(jnp.ones(1), optimizer.init(jnp.ones(1)))
    assert update[0] == -step

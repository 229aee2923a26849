"""Whether pictures of the classes are recognized, and how grainy they are."""

from __future__ import annotations

import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from fviz import recipes, types
from fviz.media import contact_sheet, png
from scripts.pareidolia import data, measures, pictures

_VIEWS = 16  # Transforms under which a class's picture is classified.
_GRAIN_LAYER, _GRAIN_CHANNELS = 'mixed4', 64


def recognition(
  network: types.Network,
  second: types.Network | None,
  images: np.ndarray,
  size: int,
) -> dict:
  """Whether the picture of each class is recognized, in 16 other views.

  Args:
    network: whose classes were pictured.
    second: another judge of the same classes, or None.
    images: [classes, side, side, 3] in [0, 1].
    size: at which the held-out accuracies are measured; the views are judged
      at the side they have and at this one.
  """
  views = np.asarray(held_out_views(jax.random.key(5), images))
  table = {'grain': grain(images), 'side': images.shape[1]}
  judges = {'itself': network, 'second network': second}
  for name, judge in judges.items():
    if judge is None:
      continue
    if judge.labels != network.labels:
      raise ValueError('The second network has other classes.')
    table[name] = _table(judge, views, views.shape[2])
    table[f'{name} at {size} px'] = _table(judge, views, size)
  return table


def made(network: types.Network, cache: str, sheet: str) -> np.ndarray:
  """Pictures of all classes: from the NPY file, or made and kept there.

  Args:
    network: whose classes.
    cache: NPY file or ''.
    sheet: PNG for the contact sheet, or ''.
  """
  path = pathlib.Path(cache) if cache else None
  if path and path.exists():
    images = np.load(path)
  else:
    recipe = recipes.classes(network.input_size[0])
    images = pictures.classes(network, recipe)
    if path:
      np.save(path, images)
  if sheet:
    tiles = contact_sheet.draw(images, network.labels, columns=10)
    png.save(sheet, tiles)
  return images


def grains(network: types.Network, references: list[str]) -> dict:
  """Energy near Nyquist at the study's size, spectrum, steps and rate.

  Args:
    network: to look into.
    references: sheets of 80 px tiles with a border of one pixel, whose grain
      is measured too.
  """
  recipe = pictures.grain_recipe()
  known = network.layers[_GRAIN_LAYER].channels
  some = np.linspace(0, known - 1, _GRAIN_CHANNELS).astype(int)
  table = {
    'logits': grain(
      pictures.channels(
        network, 'logits', np.arange(len(network.labels)), recipe
      )
    ),
    _GRAIN_LAYER: grain(pictures.channels(network, _GRAIN_LAYER, some, recipe)),
  }
  sheets = {pathlib.Path(p).stem: grain(_tiles(p)) for p in references}
  return table | {'references': sheets}


def grain(images: np.ndarray) -> float:
  """Share of the spectral power above 4/5 of the Nyquist frequency.

  Args:
    images: [n, side, side, 3]; each channel's mean is removed.
  """
  centred = images - images.mean((1, 2), keepdims=True)
  power = np.abs(np.fft.fft2(centred, axes=(1, 2))) ** 2
  f = np.abs(np.fft.fftfreq(images.shape[1]))
  high = np.maximum(f[:, None], f[None]) > 0.4
  return float(power[:, high].sum() / power.sum())


def held_out_views(key: jax.Array, images) -> jax.Array:
  """Transforms that no recipe uses: zoom with aspect, tone, mirror, noise.

  Args:
    key: of all the views.
    images: [n, side, side, 3] in [0, 1].

  Returns:
    [16, n, side, side, 3] in [0, 1].
  """
  pixels = jnp.asarray(np.uint8(255 * np.clip(images, 0, 1) + 0.5))
  side = images.shape[1]
  views = [data.augment(k, pixels, side) for k in jax.random.split(key, _VIEWS)]
  return jnp.stack(views)


def _table(network, views, size) -> dict:
  guesses = np.stack(
    [measures.classify(network, np.uint8(255 * v + 0.5), size) for v in views]
  )
  right = (guesses == np.arange(views.shape[1])).mean(0)
  missed = np.flatnonzero(right <= 0.5)
  return {
    'classes recognized in most views': float((right > 0.5).mean()),
    'classes recognized in all views': float((right == 1).mean()),
    'views recognized': float(right.mean()),
    'missed': {network.labels[k]: float(right[k]) for k in missed},
  }


def _tiles(path: str, side: int = 80) -> np.ndarray:
  """Tiles of a sheet, black ones left out: [n, side, side, 3] in [0, 1]."""
  sheet = np.float32(Image.open(path).convert('RGB')) / 255
  rows, columns = (n // (side + 2) for n in sheet.shape[:2])
  tiles = sheet[: rows * (side + 2), : columns * (side + 2)]
  tiles = tiles.reshape(rows, side + 2, columns, side + 2, 3).swapaxes(1, 2)
  tiles = tiles[:, :, 1:-1, 1:-1].reshape(-1, side, side, 3)
  return tiles[tiles.std((1, 2, 3)) > 0]

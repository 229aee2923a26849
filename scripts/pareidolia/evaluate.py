"""Measures pareidolia and writes a report, the source of its model card.

    python -m scripts.pareidolia.evaluate --out=runs/pareidolia/report.json \
      --card=fviz/models/pareidolia.md --photos=FOLDER \
      --second=runs/other-seed/pareidolia.safetensors

Everything is measured on pictures rendered with seeds that training does not
use. Parts can be chosen with --parts; the others keep their entry in the
report. All of them take about forty minutes on two CPU cores, most of it the
pictures of the classes. The part digits needs scikit-learn.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import platform
import time

from absl import app, flags, logging

from fviz.compiler import cpu
from scripts.pareidolia import card

_PARTS = (
  'held_out',
  'shifted',
  'attack',
  'dead',
  'digits',
  'pictures',
  'second',
  'grain',
)
_FLAGS = flags.FLAGS
flags.DEFINE_string('weights', '', 'Weights file; the embedded one if empty.')
flags.DEFINE_string('second', '', 'Weights of a network with another seed.')
flags.DEFINE_string('photos', '', 'Folder of photos for the dead channels.')
flags.DEFINE_string('out', None, 'The report, a JSON file.', required=True)
flags.DEFINE_string('sheet', '', 'PNG for the contact sheet of all classes.')
flags.DEFINE_string('pictures', '', 'NPY file to keep their pictures in.')
flags.DEFINE_list(
  'references', [], 'Sheets of 80 px tiles whose grain is measured too.'
)
flags.DEFINE_string('card', '', 'Model card to write the numbers into.')
flags.DEFINE_list('parts', list(_PARTS), f'Some of {", ".join(_PARTS)}.')
flags.DEFINE_integer('per_class', 20, 'Held-out pictures a class.')
flags.DEFINE_integer('size', 64, 'Side of the pictures for all accuracies.')
flags.DEFINE_integer('image_size', 80, 'Side at which they are rendered.')
flags.DEFINE_float('radius', 0.5, 'L2 radius of the attack.')
flags.DEFINE_integer('seed', 2_000_003, 'Of the held-out pictures.')


def main(argv):
  if len(argv) > 1:
    raise app.UsageError(f'Unexpected arguments {argv[1:]}.')
  if unknown := set(_FLAGS.parts) - set(_PARTS):
    raise app.UsageError(f'Unknown parts {sorted(unknown)}; know {_PARTS}.')
  cpu.faster()
  # Only now: JAX reads XLA_FLAGS when it starts.
  from fviz.models import pareidolia
  from scripts.pareidolia import measures, probe, views

  file = _FLAGS.weights or str(pareidolia.WEIGHTS)
  network = pareidolia.load(file=file)
  second = pareidolia.load(file=_FLAGS.second) if _FLAGS.second else None
  out = pathlib.Path(_FLAGS.out)
  report = json.loads(out.read_text()) if out.exists() else {}
  report |= _provenance(file)
  held_out = measures.Renders(
    network.labels, _FLAGS.per_class, _FLAGS.seed, _FLAGS.image_size
  )
  work = {
    'held_out': lambda: measures.top1(network, held_out(), _FLAGS.size),
    'shifted': lambda: measures.top1(network, held_out(True), _FLAGS.size),
    'attack': lambda: measures.attacked(
      network, held_out(), _FLAGS.size, _FLAGS.radius
    ),
    'dead': lambda: measures.dead(network, held_out(), _FLAGS.photos),
    'digits': lambda: probe.digits(network),
    'pictures': lambda: views.recognition(
      network,
      second,
      views.made(network, _FLAGS.pictures, _FLAGS.sheet),
      _FLAGS.size,
    ),
    'second': lambda: _second(
      measures.top1(second, held_out(), _FLAGS.size),
      measures.attacked(second, held_out(), _FLAGS.size, _FLAGS.radius),
    ),
    'grain': lambda: views.grains(network, _FLAGS.references),
  }
  for part in _FLAGS.parts:
    if part == 'second' and second is None:
      continue
    start = time.perf_counter()
    report[part] = work[part]()
    report[part]['seconds'] = round(time.perf_counter() - start, 1)
    _write(out, report)
    if _FLAGS.card:
      card.update(pathlib.Path(_FLAGS.card), report)
    logging.info('%s: %s', part, json.dumps(report[part])[:400])


def _second(clean: dict, attacked: dict) -> dict:
  """What sort of judge the second network is."""
  return {'sha256': _sha256(_FLAGS.second), 'clean': clean, 'attack': attacked}


def _sha256(file: str) -> str:
  return hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest()


def _provenance(file: str) -> dict:
  import jax

  return {
    'sha256': _sha256(file),
    'bytes': pathlib.Path(file).stat().st_size,
    'versions': {'python': platform.python_version(), 'jax': jax.__version__},
    'settings': {
      k: getattr(_FLAGS, k)
      for k in ('per_class', 'size', 'image_size', 'radius', 'seed')
    },
  }


def _write(path: pathlib.Path, report: dict) -> None:
  path.parent.mkdir(parents=True, exist_ok=True)
  temporary = path.with_suffix('.partial')
  temporary.write_text(json.dumps(report, indent=2) + '\n')
  os.replace(temporary, path)


if __name__ == '__main__':
  app.run(main)

"""Trains pareidolia from nothing but rendered pictures.

    python -m scripts.pareidolia.train --workdir=runs/pareidolia

Two CPU cores need an hour, and two minutes to render; stop it at any time and
go on with --resume from the last checkpoint. The larger variant for one GPU:

    python -m scripts.pareidolia.train --workdir=runs/gpu --width=1.5 \
      --batch=256 --image_size=112 --sizes=64,96 --until=0.5 --minutes=8 \
      --per_class=2000 --processes=16

The work directory holds checkpoint.npz, TensorBoard's events, log.jsonl and
pareidolia.safetensors, which `fviz.models.load('pareidolia', FILE)` reads.
With --minutes the schedule follows the clock; with --steps it follows the
step, and a run that was interrupted equals one that was not.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib

from absl import app, flags

from fviz.compiler import cpu

_FLAGS = flags.FLAGS
flags.DEFINE_string('workdir', None, 'Directory of results.', required=True)
flags.DEFINE_string('data', '', 'Cache of rendered pictures (WORKDIR/data).')
flags.DEFINE_integer('per_class', 1000, 'Rendered pictures a class.')
flags.DEFINE_integer('image_size', 80, 'Side of the rendered pictures.')
flags.DEFINE_integer('processes', 2, 'Processes that render.')
flags.DEFINE_float('minutes', 60.0, 'Time to train, without rendering.')
flags.DEFINE_integer('steps', 0, 'Number of steps instead of --minutes.')
flags.DEFINE_integer('seed', 0, 'Of weights, pictures and augmentation.')
flags.DEFINE_float('width', 1.0, 'Factor on all channels.')
flags.DEFINE_integer('batch', 64, 'Pictures a step.')
flags.DEFINE_list('sizes', ['48', '64', '80'], 'Sides of the crops, in turn.')
flags.DEFINE_list(
  'until', ['0.2', '0.6'], 'Shares of the time at which they change.'
)
flags.DEFINE_float('adversarial_from', 0.125, 'Share of the time; 1 is never.')
flags.DEFINE_float('radius', 1.2, 'L2 radius of the attack at 64 pixels.')
flags.DEFINE_float('learning_rate', 2e-3, 'Peak of the cosine.')
flags.DEFINE_float('save_minutes', 5.0, 'Between checkpoints.')
flags.DEFINE_bool('resume', False, 'Continue from the checkpoint.')
flags.DEFINE_bool('bfloat16', True, 'Multiply in bfloat16, add in float32.')

# Flags that are fields of the recipe as they are.
_PLAIN = (
  'per_class',
  'image_size',
  'processes',
  'minutes',
  'steps',
  'seed',
  'width',
  'batch',
  'adversarial_from',
  'radius',
  'learning_rate',
  'save_minutes',
  'bfloat16',
)


def main(argv):
  if len(argv) > 1:
    raise app.UsageError(f'Unexpected arguments {argv[1:]}.')
  cpu.faster()
  # Only now: JAX reads XLA_FLAGS when it starts.
  from scripts.pareidolia import training

  workdir = pathlib.Path(_FLAGS.workdir)
  workdir.mkdir(parents=True, exist_ok=True)
  config = training.Config(
    data=_FLAGS.data or str(workdir / 'data'),
    sizes=tuple(map(int, _FLAGS.sizes)),
    until=tuple(map(float, _FLAGS.until)),
    **{k: getattr(_FLAGS, k) for k in _PLAIN},
  )
  text = json.dumps(dataclasses.asdict(config), indent=2)
  (workdir / 'config.json').write_text(text + '\n')
  training.train(config, workdir, _FLAGS.resume)


if __name__ == '__main__':
  app.run(main)

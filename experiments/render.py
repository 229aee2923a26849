r"""One published recipe on one objective, as PNGs that hold their record.

python -m experiments.render --config=configs/render_maco.py --out=runs/maco \
  --config.objective="channel('mixed4', 9)" --config.size=96
"""

import sys

from absl import app, flags, logging
from ml_collections import config_flags

import experiments
from fviz import errors
from fviz.compiler import cpu, program_cache
from fviz.runs import render

_CONFIG = config_flags.DEFINE_config_file(
  'config', 'configs/render_lucid.py', 'What to do; see fviz/config.py.'
)
_OUT = flags.DEFINE_string('out', None, 'A folder for the pictures.')


def main(argv):
  if len(argv) > 1:
    raise app.UsageError(f'Unexpected arguments: {argv[1:]}')
  logging.set_verbosity(logging.WARNING)
  cpu.faster()
  program_cache.keep()
  try:
    report = render.run(_CONFIG.value, _OUT.value)
  except errors.FvizError as error:
    sys.exit(f'error: {error}')
  print(report)


if __name__ == '__main__':
  flags.mark_flag_as_required('out')
  experiments.start(main)

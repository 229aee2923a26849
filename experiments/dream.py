r"""A dream of a photo, a film from one, or a clip; the same as `fviz dream`.

python -m experiments.dream --config=configs/dream.py --output=dream.png \
  --config.input=photo.jpg --config.layer=mixed4
"""

import sys

from absl import app, flags, logging
from ml_collections import config_flags

import experiments
from fviz import errors
from fviz.commands import dream
from fviz.compiler import cpu, program_cache

_CONFIG = config_flags.DEFINE_config_file(
  'config', 'configs/dream.py', 'What to do; see `fviz.config.dream`.'
)
_OUTPUT = flags.DEFINE_string('output', None, 'A picture or a film.')
_WORKDIR = flags.DEFINE_string(
  'workdir', None, "A film's frames; default OUTPUT.frames."
)


def main(argv):
  if len(argv) > 1:
    raise app.UsageError(f'Unexpected arguments: {argv[1:]}')
  logging.set_verbosity(logging.WARNING)
  cpu.faster()
  program_cache.keep()
  try:
    dream.make(_CONFIG.value, _OUTPUT.value, _WORKDIR.value)
  except errors.FvizError as error:
    sys.exit(f'error: {error}')


if __name__ == '__main__':
  flags.mark_flag_as_required('output')
  experiments.start(main)

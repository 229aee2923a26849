r"""A dream of a photo, a film from one, or a clip; the same as `fviz dream`.

python -m experiments.dream --config=configs/dream.py --output=dream.png \
  --config.input=photo.jpg --config.layer=mixed4
"""

from absl import flags
from ml_collections import config_flags

import experiments
from fviz.commands import dream

config_flags.DEFINE_config_file(
  'config', 'configs/dream.py', 'What to do; see fviz.config.dream.'
)
_OUTPUT = flags.DEFINE_string('output', None, 'A picture or a film.')
_WORKDIR = flags.DEFINE_string(
  'workdir', None, "A film's frames; default OUTPUT.frames."
)

if __name__ == '__main__':
  experiments.start(
    lambda config: dream.make(config, _OUTPUT.value, _WORKDIR.value), 'output'
  )

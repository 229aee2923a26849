r"""One recipe on one objective, as PNGs that hold their record.

python -m experiments.render --config=configs/render.py:maco --out=runs/maco \
  --config.objective="channel('mixed4', 9)" --config.size=96
"""

from absl import flags
from ml_collections import config_flags

import experiments
from fviz.runs import render

config_flags.DEFINE_config_file(
  'config', 'configs/render.py', 'What to do; see fviz.config.render.'
)
_OUT = flags.DEFINE_string('out', None, 'A folder for the pictures.')

if __name__ == '__main__':
  experiments.start(lambda config: render.run(config, _OUT.value), 'out')

r"""A dream of the sample photo by the embedded network.

python -m experiments.dream --config=configs/dream.py --output=dream.png \
  --config.input=photo.jpg --config.strength=3.0

  configs/dream.py                        the defaults of `fviz dream`: about a
                                          minute for a megapixel on two cores
  configs/dream.py:notebook               the algorithm of 2015 and no more:
                                          roll, mean |g|, squared norm
  configs/dream.py:hallucination_machine  panoramic clips (Suzuki et al. 2017)
  configs/dream.py:smoke                  seconds

Expect eyes, shells and flowers in the clouds. A clip as input, or film.kind,
gives a film: --output=dream.mp4.
"""

from fviz import config as configs

_KINDS = {
  'full': configs.dream,
  'smoke': configs.dream,
  'notebook': configs.notebook,
  'hallucination_machine': configs.hallucination_machine,
}


def get_config(kind: str = 'full'):
  if kind not in _KINDS:
    raise ValueError(f'Unknown kind {kind!r}: {", ".join(_KINDS)}.')
  config = _KINDS[kind]()
  if kind == 'smoke':
    config.update(size=96, octaves=2, iterations=2, layer='mixed2')
  return config.lock()

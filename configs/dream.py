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


def get_config(kind: str = 'full'):
  if kind == 'hallucination_machine':
    return configs.hallucination_machine().lock()
  if kind == 'notebook':
    return configs.notebook().lock()
  config = configs.dream()
  if kind == 'smoke':
    config.size = 96
    config.octaves = 2
    config.iterations = 2
    config.layer = 'mixed2'
  elif kind != 'full':
    raise ValueError(
      f'Unknown kind {kind!r}: full, notebook, hallucination_machine or smoke.'
    )
  return config.lock()

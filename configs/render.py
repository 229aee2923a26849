r"""A published recipe on what its publication looked at; the first is lucid's.

python -m experiments.render --config=configs/render.py:maco --out=runs/maco

  configs/render.py                 lucid
  configs/render.py:NAME            another recipe, 96 px, all of its steps:
                                    seconds to minutes on two CPU cores
  configs/render.py:NAME,smoke      a few steps at 32 px: seconds

What to expect of each, on the embedded network:

  lewis         every logit at a wanted value (1988): coloured noise, which the
                critic judges as asked, without any prior
  erhan         a unit's maximum on a sphere (2009): high-frequency noise, in
                low layers with the unit's pattern in the middle
  simonyan      a class model (2013): faint, repeated outlines on grey, full of
                fine grain
  mahendran     a layer's code of a photo inverted (2015): the photo, blurred or
                in pieces; less of it the higher the layer
  yosinski      hand-made priors, set 3 (2015): soft blobs of the unit's pattern
                on grey. The rates are CaffeNet's: with gain=1 this network
                leaves the noise of the start, blurred. Set 2, with its strong
                decay, wants gain=3000; set 4 is bold and sparse
  lucid         feature visualization (Olah et al. 2017): a texture or part that
                repeats, in colour, here with specks that this network likes
  quick         lucid's in fewer, larger steps: as strong, a little louder
  classes       a class with larger motifs and no grain: ours, for `--label`
  olah          the article's transforms (2017): a little larger motifs, upright
  diversity     four pictures that differ (2017): facets of the channel
  caricature    what a layer sees in a photo, exaggerated: the photo's forms
                redrawn in the layer's own patterns
  cppn          a network of coordinates (2018): smooth, flowing shapes in
                strong colours, like vector graphics
  maco          the phase of a natural spectrum (Fel et al. 2023): a photo's
                contrasts and colours, the motif at several scales
  accentuation  a photo with what a channel likes made stronger (2024): the
                photo, recognizable, with the motif where it almost was
"""

from fviz import config as configs

_CHANNEL = "channel('mixed3', 7)"
# Name -> fields that differ from the defaults.
RECIPES = {
  'lewis': dict(recipe='lewis()', objective="target('logits', 5.0)"),
  'erhan': dict(recipe='erhan()', objective="neuron('mixed2', 7)"),
  'simonyan': dict(recipe='simonyan()', objective='logit(0)'),
  'mahendran': dict(
    recipe='mahendran()', objective="match('mixed2')", image='sample'
  ),
  'yosinski': dict(
    recipe='yosinski(3, gain=300)',
    objective="neuron('mixed4', 7)",
    stretch=True,  # As their toolbox shows pictures.
  ),
  'lucid': dict(recipe='lucid()', objective=_CHANNEL),
  'quick': dict(recipe='quick()', objective=_CHANNEL),
  'classes': dict(recipe='classes()', objective="logit('owl')"),
  'olah': dict(recipe='olah()', objective=_CHANNEL),
  'diversity': dict(
    recipe='diversity()',
    objective="channel('mixed4', 7) - 100 * diversity('mixed4')",
  ),
  'caricature': dict(
    recipe='caricature()', objective="caricature('mixed3')", image='sample'
  ),
  'cppn': dict(recipe='cppn()', objective=_CHANNEL),
  'maco': dict(recipe='maco(crops=8)', objective="channel('mixed4', 7)"),
  'accentuation': dict(
    recipe='accentuation(crops=8)',
    objective="channel('mixed4', 7)",
    image='sample',
    near='mixed3',
  ),
}


def get_config(kind: str = 'lucid'):
  name, _, size = kind.partition(',')
  if name not in RECIPES or size not in ('', 'smoke'):
    raise ValueError(
      f'Unknown kind {kind!r}: NAME or NAME,smoke; names are '
      f'{", ".join(RECIPES)}.'
    )
  config = configs.render()
  config.size = 96
  config.update(RECIPES[name])
  if size == 'smoke':
    config.size = 32
    config.steps = 3
  return config.lock()

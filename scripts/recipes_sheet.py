"""Renders every published recipe once, for docs/recipes.png: class 20 for all.

PYTHONPATH=. python scripts/recipes_sheet.py OUT [NAME ...]

Pictures go to OUT/NAME, those that are there already are not made again; the
sheet of all goes to OUT/recipes.png. Minutes on two CPU cores.
"""

import glob
import os
import sys

from fviz import config as configs
from fviz.compiler import cpu
from fviz.media import contact_sheet, photos, png
from fviz.runs import render

_SIZE = 64
_LAYER = 'mixed4'
_OWN = 'logit(20)'
_PHOTO = {'image': 'sample'}

# name: (recipe, objective, other fields of the config).
_RECIPES = {
  'photo': (None, None, {}),
  'lewis': ('lewis()', "target('logits', 5.0)", {}),
  'erhan': ('erhan()', "neuron('mixed2/branch3/pre_relu', 7)", {}),
  'simonyan': ('simonyan()', _OWN, {}),
  'mahendran': ('mahendran()', "match('mixed3')", _PHOTO),
  'yosinski 1': ('yosinski(1, gain=300)', _OWN, {}),
  'yosinski 2': ('yosinski(2, gain=3000)', _OWN, {}),
  'yosinski 3': ('yosinski(3, gain=300)', _OWN, {}),
  'yosinski 4': ('yosinski(4)', _OWN, {}),
  'lucid': ('lucid(crop=True)', _OWN, {}),
  'olah': ('olah(steps=512)', _OWN, {}),
  'diversity': (
    'diversity(n=2, crop=True)',
    f"{_OWN} - 10 * diversity('{_LAYER}')",
    {},
  ),
  'caricature': ('caricature()', f"caricature('{_LAYER}')", _PHOTO),
  'cppn': ('cppn()', _OWN, {}),
  'maco': ('maco(crops=8)', _OWN, {}),
  'accentuation': ('accentuation(crops=8)', _OWN, {**_PHOTO, 'near': _LAYER}),
}


def main(out: str, names: list[str]) -> None:
  cpu.faster()
  images, captions = [], []
  for name in names or _RECIPES:
    recipe, objective, more = _RECIPES[name]
    folder = os.path.join(out, name.replace(' ', '-'))
    if recipe is None:
      photo = photos.read(photos.sample()).image
      image = photos.middle_square(photo, _SIZE)
    else:
      config = configs.render()
      config.size, config.recipe, config.objective = _SIZE, recipe, objective
      config.update(more)
      if not glob.glob(os.path.join(folder, '*.png')):
        print(name, render.run(config, folder), flush=True)
      files = sorted(set(glob.glob(os.path.join(folder, '*-0*.png'))))
      image, _ = png.read(files[0])
    images.append(image)
    captions.append(name)
  sheet = contact_sheet.draw(images, captions, columns=8)
  png.save(os.path.join(out, 'recipes.png'), sheet)


if __name__ == '__main__':
  main(sys.argv[1], sys.argv[2:])

"""Writes tests/models/golden/*.npz: what timm and torchvision compute.

Every network of the zoo that has an independent implementation is filled with
weights that are a formula of their names (`tests/formula.py`), run on one small
image, and summarized layer by layer. Needs torch, torchvision and timm:

  python scripts/make_golden.py [MODEL ...]
"""

import json
import pathlib
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / 'tests'))

import references  # noqa: E402

FOLDER = ROOT / 'tests' / 'models' / 'golden'


def main():
  for name in sys.argv[1:] or references.MODELS:
    reference = references.run(name)
    path = FOLDER / f'{name}.npz'
    np.savez_compressed(
      path,
      layers=json.dumps(list(reference.activations)),
      shapes=json.dumps([a.shape for a in reference.activations.values()]),
      summaries=np.stack(
        [references.formula.summary(a) for a in reference.activations.values()]
      ),
      tensors=json.dumps(reference.tensors),
      parameters=reference.parameters,
    )
    print(
      f'{path.name}: {len(reference.activations)} layers, '
      f'{reference.parameters:,} parameters, {path.stat().st_size:,} bytes'
    )


if __name__ == '__main__':
  main()

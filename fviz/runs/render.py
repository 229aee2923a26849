"""One recipe on one objective: pictures as PNGs that hold their record."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from etils import epath
from ml_collections import ConfigDict

from fviz import engine, errors, types
from fviz.media import contact_sheet, picture_files, png
from fviz.runs import render_plan
from fviz.storage import atomic_files, outputs, plain_json


class Report(NamedTuple):
  """What was rendered; prints as the lines a person wants to see."""

  files: list[str]
  activations: list[float]
  failed: int
  seconds: float

  def __str__(self) -> str:
    lines = [
      f'  {value:10.4g}  {name}'
      for value, name in zip(self.activations, self.files, strict=True)
    ]
    failed = f', {self.failed} failed' if self.failed else ''
    title = f'{len(lines)} pictures{failed} in {self.seconds:.0f} s'
    return '\n'.join([title, '   objective  file', *lines])


class Picture(NamedTuple):
  """An image [h, w, c] in [0, 1] with its name, value and record."""

  name: str
  image: np.ndarray
  activation: float
  failed: bool
  record: dict[str, Any]


def run(
  config: ConfigDict, path: str, network: types.Network | None = None
) -> Report:
  """Renders a config of `fviz.config.render`; files of old are replaced.

  Args:
    config: see `fviz.config.render`.
    path: a folder for the PNGs, a sheet of them, and config.json.
    network: your own, instead of the zoo's `config.model`.

  Raises:
    FvizError: before any work, for everything wrong in the config.
  """
  return save(render_plan.plan_of(config, network), path)


def save(
  plan: render_plan.RenderPlan,
  path: str,
  on_step: Callable[[int], None] = lambda step: None,
) -> Report:
  """Renders all pictures of a plan into a folder; see `run`."""
  start, folder = time.monotonic(), epath.Path(path)
  names = [f'{n}.png' for names in plan.names for n in names]
  for name in [*names, 'sheet.png', 'config.json']:
    outputs.check_apart(folder / name, _inputs(plan))
  outputs.check_writable(folder / names[0])
  config = plain_json.encode(plan.record['config'], 2)
  atomic_files.write(folder / 'config.json', config.encode())
  files, made = [], []
  for picture in rendered(plan, on_step=on_step):
    files.append(str(folder / f'{picture.name}.png'))
    png.save(files[-1], picture.image, picture.record)
    made.append(picture)
  if len(made) > 1:
    sheet = contact_sheet.draw([p.image for p in made], [p.name for p in made])
    png.save(folder / 'sheet.png', sheet)
  activations, failed = (
    [p.activation for p in made],
    sum(p.failed for p in made),
  )
  return Report(files, activations, failed, time.monotonic() - start)


def save_one(
  plan: render_plan.RenderPlan,
  output: str,
  name: str = '',
  on_step: Callable[[int], None] = lambda step: None,
) -> None:
  """Renders one picture of a plan: as `save` does, into a file of one's own.

  Args:
    plan: from `render_plan.plan_of`.
    output: .png, .jpg or .webp; carries its record.
    name: of the picture; '' where the plan has only one.
    on_step: called with the number of finished steps.
  """
  picture_files.check_output(output)
  outputs.check_apart(output, _inputs(plan))
  every = [n for names in plan.names for n in names]
  if not name and len(every) > 1:
    raise errors.FvizError(
      f'This makes {len(every)} pictures, not one: give a folder for them '
      f'instead of {output!r}, such as {os.path.splitext(output)[0]!r}.'
    )
  if name and name not in every:
    raise errors.unknown('picture', name, every)
  name = name or every[0]
  job = next(i for i, names in enumerate(plan.names) if name in names)
  for picture in rendered(plan, [job], on_step):
    if picture.name == name:
      check_finite(picture, output)
      picture_files.write(output, picture.image, picture.record)


def check_finite(picture: Picture, output: str) -> None:
  """Raises an `FvizError` for a picture of a job that failed."""
  if picture.failed or not np.isfinite(picture.image).all():
    step = picture.record.get('failed', -1)
    when = f' in step {step}' if step >= 0 else ''
    raise errors.FvizError(
      f'The objective or its gradient was not finite{when}, so there is no '
      f'picture and {output} was not written: check the objective, lower the '
      'learning rate, or try another seed.'
    )


def _inputs(plan: render_plan.RenderPlan) -> list[str]:
  """The files that a plan was read from."""
  config = plan.record.get('config', {})
  return [str(config.get(name) or '') for name in ('image', 'weights')]


def rendered(
  plan: render_plan.RenderPlan,
  jobs: Sequence[int] | None = None,
  on_step: Callable[[int], None] = lambda step: None,
) -> Iterator[Picture]:
  """The pictures of some jobs, or of all."""
  chosen = np.arange(len(plan.names)) if jobs is None else np.asarray(jobs)
  parts = engine.batches(
    plan.network, plan.jobs.take(chosen), plan.recipe, 'auto', on_step
  )
  for where, result in parts:
    for i, job in enumerate(chosen[where]):
      activation, failed = result.activation[i], int(result.failed[i])
      one = {'objective_value': plain_json.number(activation), 'failed': failed}
      for name, image in zip(plan.names[job], result.images[i], strict=True):
        image = png.stretched(image) if plan.stretch else image
        record = {**plan.record, 'picture': name, **one}
        yield Picture(name, image, float(activation), failed >= 0, record)

#!/usr/bin/env python3
"""Ten thousand units, undisturbed and with kills: memory, files, pictures.

  python scripts/soak.py [--units 10000] [--kills 20] [--seed 0]

First a sweep that nothing happens to, its memory watched: in the second half it
may not grow by more than `--slope` megabytes in a thousand units. Then one
that is killed at random moments and resumed after each. Both must come to the
same pictures, bit for bit. `tests/sweep/faults_test.py` has the same faults.
"""

import argparse
import pathlib
import signal
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'tests'))
import faults  # noqa: E402

_VARIANTS = 8
_BATCH = 16
_START = 0.5  # Of the units: until then buffers and pools change.


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--units', type=int, default=10_000)
  parser.add_argument('--kills', type=int, default=20)
  parser.add_argument('--seed', type=int, default=0)
  parser.add_argument('--slope', type=float, default=2.0, help='(2.0)')
  args = parser.parse_args()
  channels = max(2, args.units // _VARIANTS)
  flags = dict(steps=2, page=64, batch_size=_BATCH, variants=_VARIANTS)
  with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    with faults.Nursery(folder, channels) as nursery:
      slope = watched(nursery, folder / 'whole', flags)
      disturbed(nursery, folder, args, channels * _VARIANTS, flags)
  if slope > args.slope:
    sys.exit(f'The memory grows: {slope:.2f} MB in a thousand units.')


def watched(nursery: faults.Nursery, path: pathlib.Path, flags: dict) -> float:
  """A run whose memory is looked at; returns MB a thousand units."""
  begin, sweep = time.monotonic(), nursery.start(path, **flags)
  seen, ledger = [], path / 'ledger-0.jsonl'
  while memory := resident(sweep.pid):
    if ledger.exists():
      seen.append((lines(ledger), memory))
    time.sleep(0.5)
  code, said = sweep.wait()
  if code:
    sys.exit(f'The undisturbed run failed: {said[-2000:]}')
  units, megabytes = np.array(seen).T
  late = units > _START * units[-1]
  slope = np.polyfit(units[late] / 1000, megabytes[late], 1)[0]
  print(f'undisturbed: {lines(ledger)} units, {time.monotonic() - begin:.0f} s')
  print('  units   MB in memory')
  for i in np.linspace(0, len(seen) - 1, 11).astype(int):
    print(f'  {seen[i][0]:5d}   {seen[i][1]:8.1f}')
  print(f'  slope: {slope:.3f} MB in a thousand units', flush=True)
  return slope


def disturbed(nursery, folder, args, units, flags) -> None:
  """Kills and resumes until all is done, and compares."""
  path, rng = folder / 'killed', np.random.default_rng(args.seed)
  batches = max(4, 2 * units // _BATCH // (args.kills + 1))
  before: dict = {}
  print('  kill   seconds   finished')
  for number in range(args.kills):
    begin = time.monotonic()
    code, said = faults.killed(
      nursery, path, rng, number, batches=batches, **flags
    )
    if code != -signal.SIGKILL:
      sys.exit(f'Exit code {code}: {said[-2000:]}')
    faults.check_whole(path)
    after = faults.finished(path)
    assert before.items() <= after.items(), 'a finished unit was lost'
    before = after
    print(f'  {number:4d}   {time.monotonic() - begin:7.1f}   {len(after):8d}')
    sys.stdout.flush()
  code, said = nursery.run(path, **flags)
  if code:
    sys.exit(f'The last run failed: {said[-2000:]}')
  after = faults.finished(path)
  assert before.items() <= after.items(), 'a finished unit was rendered again'
  assert len(after) == units == lines(path / 'ledger-0.jsonl')
  faults.check_done(path, folder / 'whole')
  faults.check_same(path, folder / 'whole', 'gallery')
  print(f'  {units} pictures after {args.kills} kills: the same, bit for bit')


def lines(path: pathlib.Path) -> int:
  return path.read_bytes().count(b'\n')


def resident(pid: int) -> float:
  """Megabytes of its own (no files) in memory; 0 when the process is over."""
  try:
    status = pathlib.Path(f'/proc/{pid}/status').read_text()
  except OSError:
    return 0.0
  found = [s.split()[1] for s in status.splitlines() if s.startswith('RssAnon')]
  return int(found[0]) / 1024 if found else 0.0


if __name__ == '__main__':
  main()

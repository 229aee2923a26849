#!/usr/bin/env python3
"""Feeds damaged and hostile files to every reader, a lot of them.

  PYTHONPATH=. python scripts/fuzz.py --cases 10000 --seed 0 [READER ...]

Prints a line a reader; each case is held to the reader's bound on memory, while
the memory of the line includes what hypothesis remembers, about 40 KB a case.
Stops at the first finding with the bytes that cause it, reduced by hypothesis.
"""

import argparse
import pathlib
import sys
import tempfile
import time

import hypothesis

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'tests'))
import fuzzing  # noqa: E402


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('readers', nargs='*', help='default: all')
  parser.add_argument('--cases', type=int, default=10_000)
  parser.add_argument('--seed', type=int, default=0)
  args = parser.parse_args()
  unknown = set(args.readers) - set(fuzzing.READERS)
  if unknown:
    parser.error(f'unknown {unknown}; known: {", ".join(fuzzing.READERS)}')
  for name in args.readers or fuzzing.READERS:
    fuzz(name, args.cases, args.seed)


def fuzz(name: str, cases: int, seed: int) -> None:
  reader, counts = fuzzing.READERS[name], [0, 0]
  begin, before = time.monotonic(), fuzzing.peak()
  with tempfile.TemporaryDirectory() as folder:

    @hypothesis.seed(seed)
    @hypothesis.given(reader.data())
    @hypothesis.settings(
      max_examples=cases,
      deadline=None,
      database=None,
      suppress_health_check=list(hypothesis.HealthCheck),
    )
    def run(data):
      counts[fuzzing.attack(reader, data, pathlib.Path(folder))] += 1

    run()
  grown = fuzzing.peak() - before
  print(
    f'{name}: {sum(counts)} cases, {counts[1]} accepted, {counts[0]} refused, '
    f'{time.monotonic() - begin:.0f} s, peak raised by {grown >> 20} MB',
    flush=True,
  )


if __name__ == '__main__':
  main()

"""A process of the benchmark: one implementation of one work.

Reads a number of steps a line, does them, and answers with a line of JSON.
"""

import importlib
import json
import os
import resource
import sys
import time

from scripts.benchmarks import works


def main(implementation: str, work: str, weights: str) -> None:
  # The answers' own way out: libraries may print what they like.
  out = os.fdopen(os.dup(1), 'w')
  os.dup2(2, 1)

  def say(**answer):
    out.write(json.dumps(answer) + '\n')
    out.flush()

  try:
    module = importlib.import_module(
      f'scripts.benchmarks.{implementation}_loop'
    )
    loop = module.Loop(works.Work(*json.loads(work)), weights)
    loop.run(1)  # Warm.
  except (ImportError, works.Unavailable) as error:
    say(unavailable=str(error).partition('\n')[0])
    return
  say(
    compile_seconds=loop.compile_seconds,
    device=loop.device,
    versions=loop.versions,
  )
  for line in sys.stdin:
    start = time.perf_counter()
    steps = loop.run(int(line))
    seconds = time.perf_counter() - start
    say(steps=steps, seconds=seconds, peak_memory_mb=loop.peak_bytes() / 2**20)


def resident_bytes() -> int:
  """The most memory that this process has had, on the host."""
  return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == '__main__':
  main(*sys.argv[1:])

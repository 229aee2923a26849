r"""Milliseconds per image-step of fviz against its peers, in one table.

python scripts/benchmark.py [--smoke] [--json FILE] [--kinds channels,maco]
  [--networks inception_v3,resnet50,vgg16] [--batches 1,4,8,32,64]
  [--precisions float32,tf32,bfloat16] [--weights FILE]

Works: channels and sweep against a hand-written, tuned PyTorch loop; the recipe
lucid against torch-lucent as shipped; MaCo against Horama; a DeepDream photo
against a port of the notebook. Each implementation runs in its own process;
they take turns, and the table gives medians. What is not installed is left
out, with its reason. Random weights will do: speed does not depend on them.
"""

import argparse
import itertools
import json
import os
import platform
import statistics
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from scripts.benchmarks import works  # noqa: E402

_KINDS = (*works.IMPLEMENTATIONS, 'dream')
_TURN = 2.0  # Seconds that an implementation works at a stretch, at least.
_HEADLINE = dict(network='inception_v3', batch=4, precision='float32')


def main():
  args = _arguments()
  rows, versions, device = [], {'python': platform.python_version()}, ''
  for work in _works(args):
    print(f'... {" ".join(map(str, work))}', file=sys.stderr)
    for row, ready in measure(work, args):
      rows.append(row)
      versions |= ready['versions']
      device = device or ready['device']
  if 'dream' in args.kinds:
    from scripts.benchmarks import dream

    rows += dream.against_torch(args.weights, args.smoke)
  machine = f'{platform.machine()}, {os.cpu_count()} cores, {device}'
  result = dict(
    machine=machine, versions=versions, rows=rows, ratios=ratios(rows)
  )
  print(_table(result))
  if args.json:
    with open(args.json, 'w') as file:
      json.dump(result, file, indent=2)


def measure(work: works.Work, args):
  """Yields (row, what its worker said) for each that can do the work."""
  workers = []
  for name in works.IMPLEMENTATIONS[work.kind]:
    worker = works.Worker(name, work, args.weights)
    if 'unavailable' in worker.ready:
      print(f'{name}: {worker.ready["unavailable"]}', file=sys.stderr)
    else:
      workers.append(worker)
  # As many steps as fill a turn, known after a first one that warms.
  first = [worker.run(1) for worker in workers]
  steps = [
    max(1, round((0 if args.smoke else _TURN) * f['steps'] / f['seconds']))
    for f in first
  ]
  turns = {worker: [] for worker in workers}
  for _ in range(args.repeats):
    for worker, n in zip(workers, steps, strict=True):
      turns[worker].append(worker.run(n))
  for worker in workers:
    worker.close()
    yield _row(work, worker, turns[worker]), worker.ready


def _row(work, worker, turns) -> dict:
  per_step = [
    1e3 * turn['seconds'] / turn['steps'] / work.batch for turn in turns
  ]
  layer, _ = works.LAYERS[work.network]
  return dict(
    work=work.kind,
    network=work.network,
    layer=layer,
    batch=work.batch,
    size=work.size,
    precision=work.precision,
    implementation=worker.implementation,
    ms_per_image_step=statistics.median(per_step),
    least=min(per_step),
    most=max(per_step),
    compile_seconds=worker.ready['compile_seconds'],
    peak_memory_mb=turns[-1]['peak_memory_mb'],
  )


def ratios(rows) -> dict:
  """fviz over each peer: the headline's, and those of every work."""
  found, every = {}, []
  time = lambda row: row.get('ms_per_image_step') or row['seconds']
  same = ('work', 'network', 'batch', 'size', 'precision')
  for peer in rows:
    for row in rows:
      if row['implementation'] != 'fviz' or peer['implementation'] == 'fviz':
        continue
      if any(row.get(name) != peer.get(name) for name in same):
        continue
      ratio = time(row) / time(peer)
      what = {name: row[name] for name in same if name in row}
      every.append({**what, 'peer': peer['implementation'], 'ratio': ratio})
      name = f'fviz_over_{peer["implementation"]}'
      headline = row['work'] != 'channels' or all(
        row[key] == value for key, value in _HEADLINE.items()
      )
      if row['work'] not in ('sweep', 'dream') and headline:
        found.setdefault(name, ratio)
  return {**found, 'every': every}


def _works(args):
  for network, precision in itertools.product(args.networks, args.precisions):
    for kind in args.kinds:
      if kind == 'channels':
        for batch in args.batches:
          yield works.Work(kind, network, batch, precision=precision)
      elif kind in ('lucid', 'sweep'):
        yield works.Work(kind, network, 8, precision=precision)
      elif kind == 'maco':
        yield works.Work(kind, network, 1, 512, precision)


def _arguments(argv=None):
  parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
  )
  listed = lambda text: text.split(',')
  parser.add_argument('--smoke', action='store_true', help='half a minute')
  parser.add_argument('--json', default='', help='where to write the result')
  parser.add_argument('--weights', default='', help='a 2015 safetensors file')
  parser.add_argument('--kinds', type=listed, default=list(_KINDS))
  parser.add_argument('--networks', type=listed, default=list(works.LAYERS))
  parser.add_argument('--precisions', type=listed, default=['float32'])
  parser.add_argument('--batches', type=_numbers, default=[1, 4, 8, 32, 64])
  parser.add_argument('--repeats', type=int, default=5)
  args = parser.parse_args(argv)
  if args.smoke:
    args.kinds, args.networks, args.batches = (
      ['channels'],
      ['inception_v3'],
      [4],
    )
  for name, known in dict(kinds=_KINDS, networks=works.LAYERS).items():
    unknown = set(getattr(args, name)) - set(known)
    if unknown:
      parser.error(f'unknown {name}: {unknown}; known: {", ".join(known)}')
  return args


def _numbers(text):
  return [int(number) for number in text.split(',')]


def _table(result) -> str:
  lines = [f'{result["machine"]}; {result["versions"]}']
  lines.append(
    f'{"work":9} {"network":13} {"batch":>5} {"precision":9} '
    f'{"by":7} {"ms/image-step":>13} {"compile s":>9} {"peak MB":>8}'
  )
  for row in result['rows']:
    if row['work'] == 'dream':
      lines.append(
        f'dream     {row["network"]:13} {"":5} {"float32":9} '
        f'{row["implementation"]:7} {row["seconds"]:11.1f} s '
        f'{row["compile_seconds"]:9.1f}'
      )
      continue
    lines.append(
      f'{row["work"]:9} {row["network"]:13} {row["batch"]:5} '
      f'{row["precision"]:9} {row["implementation"]:7} '
      f'{row["ms_per_image_step"]:13.1f} {row["compile_seconds"]:9.1f} '
      f'{row["peak_memory_mb"]:8.0f}'
    )
  for name, ratio in result['ratios'].items():
    if name != 'every':
      lines.append(f'{name}: {ratio:.2f}')
  return '\n'.join(lines)


if __name__ == '__main__':
  main()

"""`experiments.sweep` on a network that compiles in a second."""

import os
import time

import small

import experiments
from fviz import models
from fviz.storage import workdir


def main():
  # Its flags read a config: not when tests are collected.
  from experiments import sweep

  if pause := float(os.environ.get('FVIZ_TEST_PAUSE', 0)):
    append = workdir.Workdir.append

    def slow_append(self, records):
      append(self, records)
      time.sleep(pause)

    workdir.Workdir.append = slow_append
  models.load = lambda name, weights='': small.network()
  experiments.start(sweep.run)


if __name__ == '__main__':
  main()

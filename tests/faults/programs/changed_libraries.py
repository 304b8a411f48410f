"""Imports libraries that lack everything that a plugin could look for."""

import kit  # isort: split

import importlib
import sys

for name in sys.argv[1].split(","):
    print(name, importlib.import_module(name).hello)
kit.work(3)

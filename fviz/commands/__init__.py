"""The subcommands of `fviz`, one a module.

Each has `add(subparsers)`, which declares its arguments and imports nothing
heavy, so that --help is quick, and a function of the parsed arguments.
"""

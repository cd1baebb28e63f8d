"""Runs one group of cases, or those of it that are named: run.py PROGRAM SOURCE_FOLDER GROUP [CASE...]"""
import importlib
import sys

sys.dont_write_bytecode = True

import harness  # noqa: E402  (after dont_write_bytecode)


def main():
    program, source, group, *names = sys.argv[1:]
    cases = importlib.import_module(f"cases_{group}").CASES
    if len({case.name for case in cases}) != len(cases):
        sys.exit("two cases have one name")
    world = harness.World(program, source)
    try:
        failed = harness.run_group([case for case in cases if not names or case.name in names], world)
    finally:
        world.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Entry point: `python -I program.py serve <control fd>`, or `one <directory> <parent>` for one launch.

Started by path, because the interpreter of a DAG may not have Leoflow installed. Only the folder of this
package is made importable, not the site-packages folder around it: what Leoflow itself depends on stays
invisible to the DAG.
"""

import os
import sys


def make_importable() -> None:
    """Registers `leoflow_runtime` as a package of this folder's parent, without touching `sys.path`."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    package = type(sys)("leoflow_runtime")
    package.__path__ = [root]
    package.__file__ = None
    sys.modules["leoflow_runtime"] = package


def main(arguments: "list[str]") -> int:
    make_importable()
    packages = os.environ.get("LEOFLOW_PACKAGES")
    if packages:  # an image keeps the DAG's dependencies in a folder of their own
        import site

        site.addsitedir(packages)
    if arguments[:1] == ["serve"]:
        from leoflow_runtime.zygote import forks

        forks.keep()  # before anything else is imported
        from leoflow_runtime.zygote.service import serve

        return serve(int(arguments[1]))
    from leoflow_runtime.zygote.task_process import run_one

    return run_one(arguments[1], int(arguments[2]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

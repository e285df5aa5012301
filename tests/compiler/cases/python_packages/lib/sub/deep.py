from ..consts import NAMES
from ..core import make_task
from .. import consts as c
def both():
    return [make_task(n + c.SUFFIX) for n in NAMES]

from .core import make_task, PREFIX as PRE
from . import consts
__all__ = ["make_task", "PRE", "consts", "Builder"]
from lib.builder import Builder

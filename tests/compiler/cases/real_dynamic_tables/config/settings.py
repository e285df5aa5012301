from dataclasses import dataclass
from typing import Final
POOL: Final[str] = 'loads'

"""Where the project is. Importing this lets measurements import the packages of scripts/."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "scripts"))

"""Writes the test vectors of each spec: `python vectors/generate.py [--check] [NAME...]`.

Each `make_NAME.py` beside this file has a function `make(old)` that returns what NAME.json holds; `old` is what it holds
now (None at first). Makers are deterministic, and keep from `old` what cannot be made twice the same, such as hedged
ML-DSA signatures. `--check` writes nothing and fails if a file would change.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def names() -> list[str]:
    return sorted(path.stem.removeprefix("make_") for path in HERE.glob("make_*.py"))


def make(name: str) -> str:
    """The text that NAME.json should have."""
    spec = importlib.util.spec_from_file_location(f"make_{name}", HERE / f"make_{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path = HERE / f"{name}.json"
    old: Any = json.loads(path.read_text("utf-8")) if path.exists() else None
    return json.dumps(module.make(old), indent=1, ensure_ascii=True) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the test vectors of each spec.")
    parser.add_argument("names", nargs="*", help=f"which of: {', '.join(names())} (default: all)")
    parser.add_argument("--check", action="store_true", help="fail if a file would change")
    options = parser.parse_args()
    changed = []
    for name in options.names or names():
        path, text = HERE / f"{name}.json", make(name)
        if not path.exists() or path.read_text("utf-8") != text:
            changed.append(path.name)
            if not options.check:
                path.write_text(text, "utf-8")
    print(f"{'would change' if options.check else 'wrote'}: {', '.join(changed) or 'nothing'}")
    return 1 if options.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())

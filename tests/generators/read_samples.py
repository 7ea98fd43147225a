"""Read every sample with generated models: python read_samples.py MODELS SAMPLES. Needs pydantic alone."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from pydantic import BaseModel, RootModel, ValidationError


def main() -> None:
    """Say in one line of JSON how many were read, and which not."""
    folder, file = map(Path, sys.argv[1:])
    sys.path.insert(0, str(folder.parent))
    errors = []
    models: dict[str, type[BaseModel]] = {}
    for module in sorted(folder.rglob("*.py")):
        name = ".".join(module.relative_to(folder.parent).with_suffix("").parts)
        try:
            found = vars(importlib.import_module(name.removesuffix(".__init__")))
        except Exception as error:  # noqa: BLE001 - whatever a generated module does wrong is what is asked
            errors.append(f"{name}: {error!r}")
            continue
        models |= {key: one for key, one in found.items() if isinstance(one, type) and issubclass(one, BaseModel)}
    models = {name: one for name, one in models.items() if one not in {BaseModel, RootModel}}
    read = 0
    for sample in json.loads(file.read_text("utf-8")):
        model = models.get(sample["title"])
        if model is None:
            errors.append(f"{sample['schema']}: no model {sample['title']}")
            continue
        try:
            model.model_validate(sample["value"])
            read += 1
        except ValidationError as error:
            errors.append(f"{sample['schema']}: {error}")
    sys.stdout.write(json.dumps({"made": f"{len(models)} models, {read} samples read", "errors": errors}) + "\n")


if __name__ == "__main__":
    main()

"""An imagined trial as a table: three arms or two, visits named by week, a covariate, a factor, some values missing."""

from typing import Any

import numpy as np
import polars as pl

VISITS = ("W4", "W8", "W12")


def imagined(seed: int = 1, n: int = 24, arms: tuple[str, ...] = ("P", "A"), missing: float = 0.1) -> pl.DataFrame:
    """One row for each of `n` participants and three visits; `y` is null where missing."""
    chance = np.random.default_rng(seed)
    m = len(VISITS)
    arm = np.arange(n) % len(arms)
    sex = np.arange(n) // len(arms) % 2
    base = chance.normal(50, 10, size=n)
    own = chance.normal(0, 4, size=(n, 1))
    y = 10 + 0.3 * base[:, None] + 2.0 * arm[:, None] * np.arange(1, m + 1) + own + chance.normal(0, 3, size=(n, m))
    y[chance.uniform(size=(n, m)) < missing] = np.nan
    columns: dict[str, Any] = {
        "id": np.repeat([f"P{one:02d}" for one in range(n)], m),
        "visit": np.tile(VISITS, n),
        "arm": np.repeat(np.array(arms)[arm], m),
        "sex": np.repeat(np.array(["f", "m"])[sex], m),
        "base": np.repeat(base, m),
        "weight": chance.uniform(0.5, 2, size=n * m),
        "y": y.ravel(),
    }
    return pl.DataFrame(columns).with_columns(pl.col("y").fill_nan(None))

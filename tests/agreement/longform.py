"""The shared reference data as rows of a mixed model."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from trialwright.analysis.mmrm.records import Floats, Repeated


def repeated(
    outcome: Floats,
    design: Floats,
    columns: tuple[str, ...],
    people: Floats,
    visit: Floats,
    weights: Floats | None = None,
    times: tuple[float, ...] = (),
) -> Repeated:
    """Rows in any order, `visit` counted from 0, as `Repeated` holds them."""
    order = np.lexsort((visit, people))
    names, participant = np.unique(people[order], return_inverse=True)
    return Repeated(
        outcome=outcome[order],
        design=design[order],
        participant=participant.astype(np.int64),
        visit=visit[order].astype(np.int64),
        columns=columns,
        visits=tuple(f"V{place + 1}" for place in range(int(visit.max()) + 1)),
        participants=tuple(str(name) for name in names),
        group=np.zeros(names.size, dtype=np.int64),
        weights=None if weights is None else weights[order],
        times=np.array(times),
    )


@lru_cache(maxsize=1)
def simulated(shared: Path) -> dict[int, Repeated]:
    """The 200 simulated trials of 48 participants and five visits: y ~ visit + arm in visit + base.

    Column 7 is the effect of the arm at the third visit.
    """
    table = pl.read_csv(shared / "data" / "statistics" / "sim.csv").drop_nulls()
    found = {}
    for (trial,), rows in table.group_by("trial", maintain_order=True):
        visit, arm = rows["visit"].to_numpy() - 1, rows["arm"].to_numpy()
        level = np.eye(5)[visit]
        design = np.column_stack([level, level * arm[:, None], rows["base"].to_numpy()])
        columns = (*(f"visit {k + 1}" for k in range(5)), *(f"arm at visit {k + 1}" for k in range(5)), "base")
        found[int(str(trial))] = repeated(rows["y"].to_numpy(), design, columns, rows["id"].to_numpy(), visit)
    return found


def fev(shared: Path, weighted: bool = False, full: bool = True) -> Repeated:
    """The FEV1 example of the R package mmrm (Apache-2.0): FEV1 ~ ARMCD * AVISIT + SEX, or FEV1 ~ ARMCD alone.

    Visits at weeks 0, 1, 2.5 and 6, which is what mmrm_gls.R takes for the spatial structure.
    """
    path = shared / "data" / "statistics" / "fev_from_mmrm_apache2.csv"
    table = pl.read_csv(path, null_values="NA").filter(pl.col("FEV1").is_not_null())
    arm = (table["ARMCD"] == "TRT").to_numpy().astype(float)
    visit = table["AVISIT"].str.slice(3).cast(pl.Int64).to_numpy() - 1
    level = np.eye(4)[visit][:, 1:]
    male = (table["SEX"] == "Male").to_numpy().astype(float)
    later = ("VIS2", "VIS3", "VIS4")
    design = np.column_stack([np.ones(arm.size), arm, level, male, level * arm[:, None]])
    columns = ("(Intercept)", "TRT", *later, "Male", *(f"TRT:{one}" for one in later))
    if not full:
        design, columns = design[:, :2], columns[:2]
    weights = table["WEIGHT"].to_numpy() if weighted else None
    people = table["USUBJID"].to_numpy()
    return repeated(table["FEV1"].to_numpy(), design, columns, people, visit, weights, (0.0, 1.0, 2.5, 6.0))

"""The blinding class of every command: what of an allocation its output may show, and to whom.

A test walks the program and fails for a command that stands in no class. The reference page of the commands says it.
"""

from enum import StrEnum


class Output(StrEnum):
    """What the output of a command may depend on."""

    NO_TRIAL = "no trial"
    """It reads no trial that is under way: definitions, imagined trials, files of measurements."""
    BLINDED = "blinded"
    """It reads a trial and is the same to the last byte whatever the allocation is."""
    AFTER_UNBLINDING = "after unblinding"
    """It shows arms once the lock is set and the planned unblinding was done, or to who holds the keys then."""
    KEY = "key"
    """It shows arms, or makes what holds them, and needs the private key of somebody who may know."""


CLASSES: dict[str, Output] = {
    "allocation annex": Output.NO_TRIAL,
    "allocation approve": Output.BLINDED,
    "allocation card": Output.BLINDED,
    "allocation connect": Output.BLINDED,
    "allocation compare": Output.BLINDED,
    "allocation envelopes": Output.KEY,
    "allocation extend": Output.KEY,
    "allocation generate": Output.KEY,
    "allocation plan": Output.NO_TRIAL,
    "allocation propose": Output.BLINDED,
    "allocation reseal": Output.KEY,
    "allocation install": Output.KEY,
    "allocation review": Output.KEY,
    "allocation serve": Output.KEY,
    "allocation share": Output.KEY,
    "allocation verify": Output.AFTER_UNBLINDING,
    "analyse": Output.AFTER_UNBLINDING,
    "assay": Output.NO_TRIAL,
    "break-host drill": Output.KEY,
    "break-host make": Output.KEY,
    "break-host open": Output.KEY,
    "break-host person add": Output.NO_TRIAL,
    "break-host person list": Output.NO_TRIAL,
    "break-host person remove": Output.NO_TRIAL,
    "break-host refresh": Output.KEY,
    "break-host serve": Output.KEY,
    "break-host verify": Output.KEY,
    "breaks list": Output.BLINDED,
    "breaks reconcile": Output.BLINDED,
    "breaks record": Output.BLINDED,
    "breaks report": Output.BLINDED,
    "breaks take-in": Output.BLINDED,
    "check": Output.NO_TRIAL,
    "cytometry": Output.NO_TRIAL,
    "demo": Output.AFTER_UNBLINDING,
    "diff": Output.NO_TRIAL,
    "dsmb export": Output.BLINDED,
    "dsmb open": Output.KEY,
    "instruments list": Output.NO_TRIAL,
    "instruments show": Output.NO_TRIAL,
    "immunoglobulin": Output.NO_TRIAL,
    "keys check": Output.BLINDED,
    "keys make": Output.NO_TRIAL,
    "keys show": Output.NO_TRIAL,
    "kits account": Output.BLINDED,
    "kits contents": Output.KEY,
    "kits dispense": Output.BLINDED,
    "kits generate": Output.KEY,
    "kits plan-shipment": Output.BLINDED,
    "kits quarantine": Output.BLINDED,
    "kits receive": Output.BLINDED,
    "kits reject": Output.BLINDED,
    "kits release": Output.BLINDED,
    "kits remove": Output.BLINDED,
    "kits return": Output.BLINDED,
    "kits ship": Output.BLINDED,
    "kits simulate": Output.NO_TRIAL,
    "kits take-in": Output.BLINDED,
    "lab expected": Output.BLINDED,
    "lab import": Output.BLINDED,
    "lab ranges": Output.NO_TRIAL,
    "lab sealed": Output.KEY,
    "ledger backup": Output.BLINDED,
    "ledger grants": Output.NO_TRIAL,
    "ledger rebuild": Output.BLINDED,
    "ledger restore": Output.BLINDED,
    "ledger verify": Output.BLINDED,
    "mmrm": Output.NO_TRIAL,
    "open": Output.BLINDED,
    "pharmacy account": Output.KEY,
    "pharmacy destroy": Output.BLINDED,
    "pharmacy prepare": Output.KEY,
    "pharmacy receive": Output.BLINDED,
    "pharmacy release": Output.BLINDED,
    "pharmacy return": Output.BLINDED,
    "pharmacy trace": Output.KEY,
    "pharmacy worksheet": Output.KEY,
    "plate-layout": Output.NO_TRIAL,
    "registry import": Output.NO_TRIAL,
    "rehearse": Output.NO_TRIAL,
    "report": Output.AFTER_UNBLINDING,
    "safety open": Output.KEY,
    "sample-size logrank": Output.NO_TRIAL,
    "sample-size mmrm": Output.NO_TRIAL,
    "sample-size proportions": Output.NO_TRIAL,
    "sample-size t": Output.NO_TRIAL,
    "score eq5d": Output.NO_TRIAL,
    "score cis-20": Output.NO_TRIAL,
    "score cis-fatigue": Output.NO_TRIAL,
    "score facit-fatigue": Output.NO_TRIAL,
    "score fss": Output.NO_TRIAL,
    "score haq-di": Output.NO_TRIAL,
    "score imacs": Output.NO_TRIAL,
    "score instrument": Output.NO_TRIAL,
    "score mmt": Output.NO_TRIAL,
    "score rand-36": Output.NO_TRIAL,
    "score tis": Output.NO_TRIAL,
    "screen": Output.NO_TRIAL,
    "sequential boundaries": Output.NO_TRIAL,
    "sequential conditional": Output.NO_TRIAL,
    "sequential final": Output.NO_TRIAL,
    "sequential power": Output.NO_TRIAL,
    "sequential reestimate": Output.NO_TRIAL,
    "serve": Output.BLINDED,
    "simulate": Output.NO_TRIAL,
    "wordings list": Output.BLINDED,
    "wordings load": Output.BLINDED,
}
"""Command with its groups -> class."""

SAYS: dict[Output, str] = {
    Output.NO_TRIAL: "Blinding: reads no trial that is under way.",
    Output.BLINDED: "Blinding: the same whatever the allocation is.",
    Output.AFTER_UNBLINDING: "Blinding: shows treatments only after the lock and the planned unblinding.",
    Output.KEY: "Blinding: shows treatments; needs the private key of somebody who may know them.",
}

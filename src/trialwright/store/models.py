"""The tables. Nothing outside `store` imports this module.

Facts and accesses are chains: append-only by triggers (see `triggers.py`). Pages are a read model: one row per form
page, written in the transaction of its fact, and can be made again from the facts. Slots and sealed values are the
vault: what the server may add to and draw from, and can never read.
"""

from django.db import models


class Chained(models.Model):
    """The columns of a fact, as in `ledger.fact.Fact`; instants are canonical text, the payload is canonical JSON."""

    number = models.IntegerField(primary_key=True)
    at = models.TextField()
    by = models.TextField()
    role = models.TextField()
    kind = models.TextField()
    participant = models.TextField(null=True)
    visit = models.TextField(null=True)
    form = models.TextField(null=True)
    repeat = models.TextField(null=True)
    why = models.TextField(null=True)
    version = models.TextField()
    payload = models.TextField(null=True)
    salt = models.TextField(null=True)
    digest = models.TextField()
    previous = models.TextField()
    seal = models.TextField()

    class Meta:
        abstract = True


class Fact(Chained):
    """What happened in the trial."""

    class Meta:
        indexes = [models.Index(fields=["participant", "number"], name="fact_participant")]


class Access(Chained):
    """Who logged in, read sensitive data, exported or printed."""


class Page(models.Model):
    """One form page as it stands: `body` is canonical JSON. A form's only repeat and a log form's visit are ''."""

    participant = models.TextField()
    visit = models.TextField()
    form = models.TextField()
    repeat = models.TextField()
    number = models.IntegerField()
    body = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["participant", "visit", "form", "repeat"], name="page_key")]


class List(models.Model):
    """What was committed about an allocation list: the first before the first participant, an extension by the fact
    `taken_by`. `kind` is as in `ledger.vault`; `terms` is canonical JSON. The escrow shares are age files, one holder
    each; a list without them is opened slot by slot."""

    root = models.TextField()
    annex_sha256 = models.TextField()
    annex = models.BinaryField()
    trial = models.TextField()
    kind = models.TextField()
    purpose = models.TextField()
    escrow_1 = models.BinaryField(null=True)
    escrow_2 = models.BinaryField(null=True)
    terms = models.TextField()
    taken_by = models.IntegerField(null=True, unique=True)


class Slot(models.Model):
    """One sealed place on a list. `drawn_by` is the number of the fact that drew it."""

    list_id = models.IntegerField()
    stratum = models.TextField()
    position = models.IntegerField()
    label = models.TextField(unique=True)
    leaf = models.TextField()
    ciphertext = models.BinaryField()
    drawn_by = models.IntegerField(null=True, unique=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["list_id", "stratum", "position"], name="slot_place")]


class Resealed(models.Model):
    """The same slot sealed to other keys, after a key was lost or changed hands. The newest row of a label counts;
    stratum, place, label and leaf are the slot's for good."""

    label = models.TextField(db_index=True)
    ciphertext = models.BinaryField()
    taken_by = models.IntegerField()


class SealedValue(models.Model):
    """A value that reveals, encrypted to those who may know. A later row under the same key replaces an earlier."""

    key = models.TextField()
    commitment = models.TextField()
    ciphertext = models.BinaryField()

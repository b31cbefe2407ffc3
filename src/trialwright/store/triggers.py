"""The triggers that keep facts, slots and sealed values append-only, on both engines, failing closed without an actor.

Every later migration ends with `install` again: SQLite remakes a table to alter it, and drops its triggers in doing so.
A database administrator can drop triggers; `missing` finds that, and the chain finds what was done meanwhile.
"""

from typing import Any

from trialwright.ledger.fact import GENESIS
from trialwright.ledger.kinds import ALLOCATION_DRAWN, LIST_CHANGED, PAYLOAD_REDACTED
from trialwright.ledger.vault import ALLOCATOR
from trialwright.ledger.verify import COLUMNS

CHAINS = ("store_fact", "store_access")
VAULT = ("store_slot", "store_sealedvalue", "store_list", "store_resealed")
SLOT_KEPT = ("id", "list_id", "stratum", "position", "label", "leaf", "ciphertext")
"""What a draw may not touch."""
MOST_OF_AN_ACT = 1000

FOLLOWS = "a fact must follow the last one, with its payload, and cannot lie before it"
NO_ACTOR = "who acts is not known, or is not who the fact names"
CHANGED = "a fact is never changed; only a logged redaction empties a payload"
DELETED = "nothing is ever deleted here"
FIXED = "the list is fixed before the first fact; later only the logged change of a list adds to it"
DRAWN = "a slot is drawn once, by the fact that names its label"


def _same(columns: tuple[str, ...], operator: str) -> str:
    return " AND ".join(f'NEW."{column}" {operator} OLD."{column}"' for column in columns)


def _unbroken(table: str, new: str = "NEW") -> str:
    """True where the new row does not follow."""
    return f"""{new}."number" <> 1 + COALESCE((SELECT MAX("number") FROM {table}), 0)
        OR {new}."previous" <> COALESCE((SELECT "seal" FROM {table} ORDER BY "number" DESC LIMIT 1), '{GENESIS}')
        OR {new}."at" < COALESCE((SELECT "at" FROM {table} ORDER BY "number" DESC LIMIT 1), '')
        OR {new}."payload" IS NULL OR {new}."salt" IS NULL"""


def _list_fits(here: str) -> str:
    """True where a new list may come: before the first fact, or by the change of a list in this very act. `here` says
    that fact f is of this act."""
    return f"""(NEW."taken_by" IS NULL AND NOT EXISTS (SELECT 1 FROM store_fact)) OR EXISTS (SELECT 1
        FROM store_fact f WHERE f."number" = NEW."taken_by" AND {here} AND f."kind" = '{LIST_CHANGED}')"""


def _slot_fits(here: str, label: str) -> str:
    """True where a new slot may come: with its list, or, of an allocator, by the fact that draws it in this very act.
    `label` is the label that fact f names."""
    return f"""NEW."drawn_by" IS NULL AND EXISTS (SELECT 1 FROM store_list l WHERE l."id" = NEW."list_id" AND (
        (l."taken_by" IS NULL AND NOT EXISTS (SELECT 1 FROM store_fact))
        OR EXISTS (SELECT 1 FROM store_fact f WHERE {here} AND (
            (f."number" = l."taken_by" AND f."kind" = '{LIST_CHANGED}')
            OR (l."kind" = '{ALLOCATOR}' AND f."kind" = '{ALLOCATION_DRAWN}' AND {label} = NEW."label")))))"""


def _reseal_fits(here: str) -> str:
    """True where a slot may be sealed anew: it exists, and the change of the list is logged in this very act."""
    return f"""EXISTS (SELECT 1 FROM store_slot s WHERE s."label" = NEW."label") AND EXISTS (SELECT 1
        FROM store_fact f WHERE f."number" = NEW."taken_by" AND {here} AND f."kind" = '{LIST_CHANGED}')"""


# ---------------------------------------------------------------- SQLite


def _refuse(sentence: str, when: str = "1") -> str:
    return f"SELECT RAISE(ABORT, 'trialwright: {sentence}') WHERE {when};"


def _sqlite_trigger(table: str, act: str, *body: str) -> tuple[str, str]:
    name = f"{table}_{act.lower()}"
    return name, f"CREATE TRIGGER {name} BEFORE {act} ON {table} BEGIN {' '.join(body)} END"


def _sqlite() -> dict[str, str]:
    kept = tuple(column for column in COLUMNS if column not in ("payload", "salt"))
    logged = f"""EXISTS (SELECT 1 FROM store_fact WHERE "number" > trialwright_since() AND "kind" = '{PAYLOAD_REDACTED}'
        AND json_extract("payload", '$.fact') = CAST(OLD."number" AS TEXT))"""
    redaction = f"""trialwright_actor() IS NOT NULL AND OLD."payload" IS NOT NULL AND NEW."payload" IS NULL
        AND NEW."salt" IS NULL AND {_same(kept, "IS")} AND {logged}"""
    drawn = f"""OLD."drawn_by" IS NULL AND {_same(SLOT_KEPT, "IS")} AND EXISTS (SELECT 1 FROM store_fact
        WHERE "number" = NEW."drawn_by" AND "number" > trialwright_since() AND "kind" = '{ALLOCATION_DRAWN}'
        AND json_extract("payload", '$.label') = OLD."label")"""
    no_actor = "trialwright_actor() IS NULL"
    made = [
        *(
            _sqlite_trigger(
                table,
                "INSERT",
                _refuse(NO_ACTOR, f'{no_actor} OR trialwright_actor() <> NEW."by"'),
                _refuse(FOLLOWS, _unbroken(table)),
            )
            for table in CHAINS
        ),
        _sqlite_trigger("store_fact", "UPDATE", _refuse(CHANGED, f"COALESCE({redaction}, 0) = 0")),
        _sqlite_trigger("store_access", "UPDATE", _refuse(CHANGED)),
        _sqlite_trigger("store_slot", "UPDATE", _refuse(DRAWN, f"COALESCE({drawn}, 0) = 0")),
        _sqlite_trigger("store_sealedvalue", "UPDATE", _refuse(CHANGED)),
        _sqlite_trigger("store_list", "UPDATE", _refuse(FIXED)),
        _sqlite_trigger("store_resealed", "UPDATE", _refuse(CHANGED)),
        _sqlite_trigger("store_sealedvalue", "INSERT", _refuse(NO_ACTOR, no_actor)),
    ]
    here = 'f."number" > trialwright_since()'
    fits = {
        "store_list": _list_fits(here),
        "store_slot": _slot_fits(here, """json_extract(f."payload", '$.label')"""),
        "store_resealed": _reseal_fits(here),
    }
    for table, fit in fits.items():
        fixed = _refuse(FIXED, f"COALESCE({fit}, 0) = 0")
        made.append(_sqlite_trigger(table, "INSERT", _refuse(NO_ACTOR, no_actor), fixed))
    for table in (*CHAINS, *VAULT):
        made.append(_sqlite_trigger(table, "DELETE", _refuse(DELETED)))
    return dict(made)


# ---------------------------------------------------------------- PostgreSQL


def _pg_refuse(sentence: str, when: str = "TRUE") -> str:
    return f"IF {when} THEN RAISE EXCEPTION 'trialwright: {sentence}' USING ERRCODE = 'check_violation'; END IF;"


def _pg_function(table: str, act: str, *body: str) -> tuple[str, str]:
    """The body of the trigger's function; a row trigger before the act, a statement trigger for TRUNCATE."""
    return f"{table}_{act.lower()}", " ".join(("BEGIN", *body, "RETURN NEW; END"))


def _postgresql() -> dict[str, str]:
    """Name -> function body. `xmin` is the transaction that wrote a row: only a redaction or a draw of this very
    transaction counts."""
    kept = tuple(column for column in COLUMNS if column not in ("payload", "salt"))
    actor = "NULLIF(current_setting('trialwright.actor', true), '')"
    here = "xmin = pg_current_xact_id()::xid"
    logged = f"""EXISTS (SELECT 1 FROM store_fact WHERE "number" > OLD."number" AND {here}
        AND "kind" = '{PAYLOAD_REDACTED}' AND "payload"::json ->> 'fact' = OLD."number"::text)"""
    same = "IS NOT DISTINCT FROM"
    redaction = f"""{actor} IS NOT NULL AND OLD."payload" IS NOT NULL AND NEW."payload" IS NULL
        AND NEW."salt" IS NULL AND {_same(kept, same)} AND {logged}"""
    drawn = f"""OLD."drawn_by" IS NULL AND {_same(SLOT_KEPT, same)} AND EXISTS (SELECT 1 FROM store_fact
        WHERE "number" = NEW."drawn_by" AND {here} AND "kind" = '{ALLOCATION_DRAWN}'
        AND "payload"::json ->> 'label' = OLD."label")"""
    no_actor = f"{actor} IS NULL"
    made = [
        *(
            _pg_function(
                table,
                "INSERT",
                _pg_refuse(NO_ACTOR, f'{no_actor} OR {actor} <> NEW."by"'),
                _pg_refuse(FOLLOWS, _unbroken(table).replace('"at" <', '"at" COLLATE "C" <')),
            )
            for table in CHAINS
        ),
        _pg_function("store_fact", "UPDATE", _pg_refuse(CHANGED, f"NOT COALESCE({redaction}, FALSE)")),
        _pg_function("store_access", "UPDATE", _pg_refuse(CHANGED)),
        _pg_function("store_slot", "UPDATE", _pg_refuse(DRAWN, f"NOT COALESCE({drawn}, FALSE)")),
        _pg_function("store_sealedvalue", "UPDATE", _pg_refuse(CHANGED)),
        _pg_function("store_list", "UPDATE", _pg_refuse(FIXED)),
        _pg_function("store_resealed", "UPDATE", _pg_refuse(CHANGED)),
        _pg_function("store_sealedvalue", "INSERT", _pg_refuse(NO_ACTOR, no_actor)),
    ]
    # The bound spares a walk through all facts; no act appends as many.
    this_act = f'f."number" > (SELECT MAX("number") FROM store_fact) - {MOST_OF_AN_ACT} AND f.{here}'
    fits = {
        "store_list": _list_fits(this_act),
        "store_slot": _slot_fits(this_act, """(f."payload"::json ->> 'label')"""),
        "store_resealed": _reseal_fits(this_act),
    }
    for table, fit in fits.items():
        fixed = _pg_refuse(FIXED, f"NOT COALESCE({fit}, FALSE)")
        made.append(_pg_function(table, "INSERT", _pg_refuse(NO_ACTOR, no_actor), fixed))
    for table in (*CHAINS, *VAULT):
        made.append(_pg_function(table, "DELETE", _pg_refuse(DELETED)))
        made.append(_pg_function(table, "TRUNCATE", _pg_refuse(DELETED)))
    return dict(made)


def _pg_statements(name: str, body: str) -> list[str]:
    table, _, act = name.rpartition("_")
    rows = "STATEMENT" if act == "truncate" else "ROW"
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $body${body}$body$",
        f"DROP TRIGGER IF EXISTS {name} ON {table}",
        f"CREATE TRIGGER {name} BEFORE {act.upper()} ON {table} FOR EACH {rows} EXECUTE FUNCTION {name}()",
    ]


LOCKS = {"store_fact": 7240001, "store_access": 7240002}
"""Advisory locks, one per chain: any two numbers that nothing else in the database uses."""


def _pg_locked_head(table: str) -> str:
    """One trip to the server instead of two: take the chain's lock, then read its head. Each statement of a volatile
    function sees what was committed before it began, so the head is the one after the lock."""
    return f"""CREATE OR REPLACE FUNCTION {table}_locked_head()
        RETURNS TABLE ("number" integer, "seal" text, "at" text) LANGUAGE plpgsql VOLATILE AS $body$BEGIN
        PERFORM pg_advisory_xact_lock({LOCKS[table]});
        RETURN QUERY SELECT f."number", f."seal", f."at" FROM {table} f ORDER BY f."number" DESC LIMIT 1;
        END$body$"""


# ---------------------------------------------------------------- both


def expected(vendor: str) -> dict[str, str]:
    """Trigger name -> its text (SQLite) or its function's body (PostgreSQL)."""
    return _sqlite() if vendor == "sqlite" else _postgresql()


def install(editor: Any) -> None:
    """Create every trigger, replacing those that are there; for migrations, of which an early one meets tables that do
    not exist yet."""
    tables = set(editor.connection.introspection.table_names())
    for name, text in expected(editor.connection.vendor).items():
        if name.rpartition("_")[0] not in tables:
            continue
        if editor.connection.vendor == "sqlite":
            editor.execute(f"DROP TRIGGER IF EXISTS {name}", params=None)
            editor.execute(text, params=None)
        else:
            for statement in _pg_statements(name, text):
                editor.execute(statement, params=None)
    if editor.connection.vendor == "postgresql":
        for table in CHAINS:
            editor.execute(_pg_locked_head(table), params=None)


def remove(editor: Any) -> None:
    """Take every trigger away; only for filling a new database with the rows of another."""
    for name in expected(editor.connection.vendor):
        on = "" if editor.connection.vendor == "sqlite" else f" ON {name.rpartition('_')[0]}"
        editor.execute(f"DROP TRIGGER IF EXISTS {name}{on}", params=None)


SQLITE_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
PG_TRIGGERS = """SELECT t.tgname, CASE WHEN t.tgenabled = 'O' AND t.tgqual IS NULL
        AND c.relname || '_' || lower(split_part(pg_get_triggerdef(t.oid), ' ', 5)) = t.tgname THEN p.prosrc END
    FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND pg_table_is_visible(c.oid)"""


def missing(cursor: Any, vendor: str) -> list[str]:
    """What is wrong with the triggers, in one sentence at most: which were dropped, which disabled or replaced."""
    cursor.execute(SQLITE_TRIGGERS if vendor == "sqlite" else PG_TRIGGERS)
    found = dict(cursor.fetchall())
    wanted = expected(vendor)
    gone = [name for name in wanted if name not in found]
    false = [name for name, text in wanted.items() if name in found and found[name] != text]
    told = [_told(names, what) for names, what in ((gone, "dropped"), (false, "disabled or replaced")) if names]
    return ["; ".join(told)] if told else []


def _told(names: list[str], what: str) -> str:
    guards = [" against ".join(name.rpartition("_")[::2]) for name in names]
    if len(guards) == 1:
        return f"the trigger that guards {guards[0]} was {what}"
    return f"{len(guards)} triggers were {what}; they guard {', '.join(guards)}"

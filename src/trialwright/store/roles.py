"""On PostgreSQL: what the application's role may do, and nothing else.

The owner of the tables runs `create` and migrations. The application runs as another role without any right to change
tables or triggers (AT3), and may not even try to update a column that no act changes.
"""

from trialwright.store.triggers import CHAINS, VAULT

ADDS_TO = (*CHAINS, *VAULT)
CHANGES = {"store_fact": ("payload", "salt"), "store_slot": ("drawn_by",)}
"""The columns that a redaction empties and a draw marks; the triggers decide when."""


def grants(role: str) -> list[str]:
    """The statements that the owner runs once for the application's role. Raises ValueError for a strange name."""
    if not role.isidentifier() or not role.isascii():
        raise ValueError(f"{role!r} is no plain role name")
    statements = [f'GRANT SELECT, INSERT ON {table} TO "{role}"' for table in ADDS_TO]
    statements += [f'GRANT UPDATE ({", ".join(columns)}) ON {table} TO "{role}"' for table, columns in CHANGES.items()]
    statements.append(f'GRANT SELECT, INSERT, UPDATE, DELETE ON store_page TO "{role}"')
    statements.append(f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{role}"')
    return statements

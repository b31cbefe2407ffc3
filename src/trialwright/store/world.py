"""The clock and the chance of a real trial; a rehearsal brings its own."""

import secrets
from datetime import UTC, datetime


class ServerClock:
    """`ledger.ports.Clock`: this server's clock (AT8)."""

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)


class SystemChance:
    """`ledger.ports.Chance` from the operating system."""

    def salt(self, number: int) -> str:
        """16 random bytes in hexadecimal."""
        return secrets.token_hex(16)

    def token(self, purpose: str) -> str:
        """16 random bytes in hexadecimal."""
        return secrets.token_hex(16)

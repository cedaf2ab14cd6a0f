"""What was tried: one row for each promise, and the table of them."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was `done`, how often (`times`), what is `promised` of it, and what was `seen`; `holds` says whether it was so.

    What was never done does not hold.
    """

    done: str
    times: int
    promised: str
    seen: str
    was_so: bool

    @property
    def holds(self) -> bool:
        return self.was_so and self.times > 0


def table(chapters: dict[str, list[Row]], on: str) -> str:
    """Markdown: a row for each promise, by chapter."""
    lines = [f"Seen on {on}.", "", "| chapter | what was done | times | promised | seen | |", "|---|---|--:|---|---|---|"]
    for chapter, rows in chapters.items():
        for row in rows:
            cells = (chapter, row.done, f"{row.times:,}".replace(",", " "), row.promised, row.seen, "held" if row.holds else "**broken**")
            lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines)


def broken(chapters: dict[str, list[Row]]) -> list[Row]:
    return [row for rows in chapters.values() for row in rows if not row.holds]


def counted(wrong: Iterable[object], fine: str = "none") -> str:
    """What was seen of something that should not be: how many there were, and the first of them."""
    found = [str(one) for one in wrong]
    return f"{len(found)}, the first: {found[0][:200]}" if found else fine

"""Writes dashboards/*.json: python -m Scripts.dashboards; with --check, says which differ from what is committed."""

import pathlib
import sys

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from . import connections, message_path, overview, queues, runtime

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "dashboards"
BOARDS = [overview, message_path, queues, connections, runtime]


def rendered(board):
    built = board.build().build()
    for number, panel in enumerate(built.panels, start=1):
        panel.id_val = number
    return JSONEncoder(sort_keys=True, indent=2).encode(built) + "\n"


def main():
    stale = []
    for board in BOARDS:
        path = FOLDER / f"{board.UID}.json"
        text = rendered(board)
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(path.name)
    if stale:
        sys.exit(f"differ from Scripts/dashboards: {', '.join(stale)}; run `make dashboards`")


if __name__ == "__main__":
    main()

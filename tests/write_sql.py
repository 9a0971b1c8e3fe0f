"""`make sql`: writes the generated files of sql/ anew, from a night on the example in three real databases."""

import sys
import tempfile
from pathlib import Path

from example import DIALECTS, SQL, example, rendered
from servers import PRODUCT, ServerMissing, Servers, Session


def main() -> int:
    """Returns 1 where a server is missing and its files therefore stay as they are."""
    session, missing = Session(), 0
    servers = Servers(session.root)
    try:
        for dialect in DIALECTS:
            try:
                with servers.database(dialect) as database, tempfile.TemporaryDirectory() as folder:
                    house = example(database, Path(folder))
                    house.night()
                    for path, text in rendered(house):
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_text(text, encoding="utf-8")
                        sys.stdout.write(f"{path.relative_to(SQL.parent)}\n")
            except ServerMissing as why:
                sys.stderr.write(f"NOT WRITTEN: {PRODUCT[dialect]}: {why}\n")
                missing = 1
    finally:
        servers.close()
        session.end()
    return missing


if __name__ == "__main__":
    sys.exit(main())

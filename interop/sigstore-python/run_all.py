# SPDX-License-Identifier: Apache-2.0
"""Runs sigstore-python's command many times in one process, as it takes a second to start.

Standard input has one command line a line, a JSON array; standard output gets for each one JSON
object with its exit code and what it wrote.
"""

import contextlib
import io
import json
import logging
import sys

from sigstore._cli import main


def _run(args: list[str]) -> dict[str, object]:
    written = io.StringIO()
    for handler in logging.getLogger().handlers:  # set up once, for the real one
        handler.console.file = written
    status: object = 0
    with contextlib.redirect_stdout(written), contextlib.redirect_stderr(written):
        try:
            main(args)
        except SystemExit as ended:
            status = ended.code or 0
    return {"status": status, "written": written.getvalue()}


for line in sys.stdin:
    print(json.dumps(_run(json.loads(line))))

# SPDX-License-Identifier: Apache-2.0
"""Runs programs one after the other in one Spark session, whose start takes longer than most of them.

A line of standard input is a request in JSON. A line of standard output is an answer: the exit code, and in base64 both
outputs of the program.
"""

import base64
import contextlib
import io
import json
import os
import runpy
import sys
import traceback

answers = sys.stdout
for line in sys.stdin:
    request = json.loads(line)
    os.environ.update(request["environment"])
    sys.argv = [request["program"], *request["arguments"]]
    output, error = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(error):
        try:
            runpy.run_path(request["program"], run_name="__main__")
        except Exception:
            traceback.print_exc()
            code = 1
    texts = [base64.b64encode(text.getvalue().encode()).decode() for text in (output, error)]
    print(code, *texts, file=answers, flush=True)

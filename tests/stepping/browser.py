"""A real browser without a window: what a page shows after keys and clicks."""

import functools
import json
import os
import re
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", "--dump-dom")
REPORT = re.compile(r'<pre id="report">(.*?)</pre>', re.S)


@functools.cache
def browser():
    """Path of a Chromium: $SCRATCHNOISE_BROWSER, else the first of its names on the path; None where there is none."""
    given = os.environ.get("SCRATCHNOISE_BROWSER")
    return given or next((found for name in NAMES if (found := shutil.which(name))), None)


def shown_by(path, width=1200):
    """The document as the browser has it after the page's own script."""
    command = [browser(), *OPTIONS, f"--window-size={width},800", f"--user-data-dir={path.parent / 'profile'}"]
    run = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout


def after(path, script, width=1200):
    """What `script` returned in the page, as JSON; the copy of the page that it runs in may run any script."""
    text = re.sub(r"<meta http-equiv=.*?>\n", "", path.read_text(encoding="utf-8"), count=1, flags=re.S)
    driver = f"""<script>
const answer = (() => {{ {script} }})();
const report = document.createElement("pre");
report.id = "report";
report.textContent = JSON.stringify(answer);
document.body.append(report);
</script></body>"""
    driven = path.with_name(f"driven_{path.name}")
    driven.write_text(text.replace("</body>", driver), encoding="utf-8")
    found = REPORT.search(shown_by(driven, width))
    assert found, "the script did not run to its end"
    return json.loads(found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))

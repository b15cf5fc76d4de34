"""Every run is in the history, one that was killed among them; the page about it stands alone and
lets nothing through that its job's texts hold."""

import html.parser
import json

from harness.scenario import Failure

TAKES_NOTHING_AWAY = {"svg", "path", "line", "rect", "text", "title", "section", "table", "pre"}


class Page(html.parser.HTMLParser):
    """Which elements the page has, whether they are nested well, and what could reach out."""

    EMPTY = {"meta", "line", "rect", "path", "br"}

    def __init__(self, text):
        super().__init__()
        self.tags = set()
        self.texts = []
        self.reaches_out = []
        self._open = []
        self.feed(text)
        self.close()
        if self._open:
            raise Failure(f"the page leaves {self._open} open")

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("src", "href", "srcset", "xlink:href", "action") or name.startswith("on"):
                self.reaches_out.append((tag, name, value))
        if tag not in self.EMPTY:
            self._open.append(tag)
        elif tag in ("line", "rect"):  # they may have a title
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            raise Failure(f"</{tag}> closes what is not open")

    def handle_data(self, data):
        self.texts.append(data)


def history(s, *words):
    return json.loads(s.backfill("history", *words, "--json").stdout)


def play(s):
    s.backfill("history").says("no run has been recorded", "backfill run")
    s.backfill("history", "items_slug", expect=1).says("has ever run")
    s.backfill("report", "items_slug", expect=1).says("has ever run")

    killed = s.start("run", "job.yaml")
    s.wait_until("SELECT to_regclass('backfill.samples') IS NOT NULL", killed)
    s.wait_until("SELECT count(*) > 0 FROM backfill.samples WHERE rows_changed > 0", killed)
    killed.kill_nine()
    s.backfill("pause", "job.yaml")
    stopped = s.start("run", "job.yaml")
    s.wait_until("SELECT count(*) = 1 FROM backfill.leases WHERE released_at IS NULL AND epoch = 2",
                 stopped)
    s.backfill("stop", "job.yaml")
    stopped.wait(5)
    s.backfill("resume", "job.yaml")
    s.backfill("run", "job.yaml")
    s.backfill("verify", "job.yaml")

    runs = history(s, "job.yaml")
    endings = [(run["command"], run["ending"]) for run in runs]
    wanted = [("verify", "done"), ("run", "done"), ("run", "stopped"), ("run", "killed")]
    if endings != wanted:
        raise Failure(f"the history is {endings}, not {wanted}")
    if runs[1]["rows_changed"] <= 0 or runs[1]["rows_changed"] > 60000 or runs[0]["rows_changed"]:
        raise Failure(f"the rows of the runs are not theirs: {runs}")
    if runs[0]["rows_passed"] < 60000 or not runs[2]["time_lost"].get("pause"):
        raise Failure(f"the proof's rows or the pause are not told: {runs}")
    if len(history(s, "--limit", "2")) != 2:
        raise Failure("--limit does not limit")
    s.backfill("history").says("TIME LOST", "pause", "killed", "items_slug")
    for words in (["--limit", "0"], ["--limit", "x"], ["a", "b"]):
        s.backfill("history", *words, expect=2)
    s.backfill("report", expect=2)

    path = s.work / "report.html"
    s.sql("UPDATE backfill.jobs SET last_error = '<script>alert(1)</script> \"quoted\"'")
    s.backfill("report", "items_slug", "--output", path).says(str(path))
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    if page.reaches_out or page.tags & {"script", "link", "img", "iframe", "object", "image", "use"}:
        raise Failure(f"the page reaches out: {page.reaches_out} {page.tags}")
    if not TAKES_NOTHING_AWAY <= page.tags:
        raise Failure(f"the page lacks {TAKES_NOTHING_AWAY - page.tags}")
    for words in ("http:", "https:", "url(", "@import"):
        if words in text:
            raise Failure(f"the page says {words!r}")
    shown = "".join(page.texts)
    for words in ("<script>alert(1)</script> \"quoted\"", "replace(lower(name), '<', '&')",
                  "60,000", "What it waited for", "pause"):
        if words not in shown:
            raise Failure(f"the page does not show {words!r}")
    if s.backfill("report", "job.yaml").stdout[:15] != "<!DOCTYPE html>":
        raise Failure("without --output the page does not go to standard output")
    s.backfill("report", "items_slug", "--output", s.work / "no/such/folder.html", expect=1).says(
        "could not be written")
    if list(s.work.glob("*.part")):
        raise Failure("an unfinished page was left behind")

    # The job goes on where nothing of this can be written.
    s.sql("ALTER TABLE backfill.samples ADD CHECK (phase = '') NOT VALID; "
          "ALTER TABLE backfill.runs ADD CHECK (command = '') NOT VALID; UPDATE items SET slug = NULL")
    s.backfill("verify", "job.yaml", expect=4)
    s.backfill("run", "job.yaml")
    s.expect("SELECT count(*) = 0 FROM items WHERE slug IS NULL")
    s.expect("SELECT count(*) > 0 FROM backfill.events WHERE reason = 'history_unwritten'")

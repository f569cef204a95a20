"""Writes one calendar file a year, 2004 to 2026, from the PyPI package chinesecalendar 1.11.0.

    pip install chinesecalendar==1.11.0
    python workflows/calendars/generate.py

A year that the package does not know yet is written by hand from the notice of the State Council's
General Office (published in early November): copy the newest file and change the dates.
"""

import datetime
import json
import pathlib

from chinese_calendar import constants

FIRST, LAST = 2004, 2026
SOURCE = {
    "zh": "国务院办公厅历年部分节假日安排通知，取自 PyPI chinesecalendar 1.11.0（MIT）",
    "en": "yearly holiday notices of the State Council's General Office, taken from PyPI chinesecalendar 1.11.0 (MIT)",
}
CHINESE = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利七十周年纪念日",
}


def name(english):
    return {"zh": CHINESE[english], "en": english}


def ranges(days):
    """Joins consecutive days of one holiday."""
    joined = []
    for day in sorted(days):
        holiday = days[day]
        last = joined[-1] if joined else None
        if last and last[2] == holiday and last[1] + datetime.timedelta(days=1) == day:
            last[1] = day
        else:
            joined.append([day, day, holiday])
    return [{"from": str(a), "to": str(b), "name": name(n)} for a, b, n in joined]


def year_file(year):
    off = {d: n for d, n in constants.holidays.items() if d.year == year}
    work = {d: n for d, n in constants.workdays.items() if d.year == year}
    return {
        "year": year,
        "source": SOURCE,
        "off": ranges(off),
        "work": [{"day": str(d), "name": name(work[d])} for d in sorted(work)],
    }


def render(content):
    """One day a line: a person compares it with the notice."""
    lines = ["{", f'  "year": {content["year"]},', f'  "source": {json.dumps(content["source"], ensure_ascii=False)},']
    for key in ("off", "work"):
        rows = ",\n".join("    " + json.dumps(row, ensure_ascii=False) for row in content[key])
        lines.append(f'  "{key}": [\n{rows}\n  ]' + ("," if key == "off" else ""))
    return "\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    folder = pathlib.Path(__file__).parent
    for year in range(FIRST, LAST + 1):
        (folder / f"{year}.json").write_text(render(year_file(year)), encoding="utf-8")

#!/usr/bin/env python3
"""nab.py FOLDER: the score of revenue_intel in the Numenta Anomaly Benchmark, standard profile.

Lavin & Ahmad (2015): the earliest detection in a window counts by how early it comes, a detection
outside by how far behind the last window it is, a window without one costs 1; 0 is a detector that
says nothing, 100 one that says it at once. The first 15 % of a file are for learning. One threshold
for all files, the best one, as the benchmark has it. Asks the server that PGHOST and PGDATABASE name.
"""
import csv
import gzip
import io
import json
import math
import pathlib
import subprocess
import sys
import tempfile

A_FP, A_FN = 0.11, 1.0

# Rows are put on a regular beat: NAB is about their order. A baseline is the learning period.
QUERY = r"""
SET TimeZone = 'UTC';
CREATE TEMP TABLE rows (file text, n bigint, ts timestamptz, value double precision);
\copy rows FROM pstdin WITH (FORMAT csv)
CREATE TEMP TABLE files AS
SELECT file, min(ts) AS begin, percentile_disc(0.5) WITHIN GROUP (ORDER BY step) AS step, count(*) AS rows
FROM (SELECT file, ts, ts - lag(ts) OVER (PARTITION BY file ORDER BY n) AS step FROM rows) AS s GROUP BY file;
COPY (
  SELECT f.file, r.n, coalesce(abs(d.score), 0)
  FROM files AS f
  CROSS JOIN LATERAL (
    SELECT revenue.fit_detector(f.begin + r.n * f.step, r.value,
      jsonb_build_object('baseline_days', greatest(0.15 * f.rows * extract(epoch FROM f.step) / 86400, 1))) AS model
    FROM rows AS r WHERE r.file = f.file) AS m
  CROSS JOIN LATERAL (SELECT row_number() OVER (ORDER BY ts) - 1 AS n, score FROM revenue.detect(m.model, 'high')) AS d
  JOIN rows AS r ON r.file = f.file AND r.n = d.n
) TO STDOUT WITH (FORMAT csv)
"""


def scaled_sigmoid(position):
    return -1.0 if position > 3 else 2 / (1 + math.exp(5 * position)) - 1


def score_file(scores, windows, threshold):
    learning = min(int(0.15 * len(scores)), 750)
    total = 0.0
    caught = set()
    for row in range(learning, len(scores)):
        if scores[row] < threshold:
            continue
        inside = next((w for w in windows if w[0] <= row <= w[1]), None)
        if inside is not None:
            if inside not in caught:
                caught.add(inside)
                length = inside[1] - inside[0] + 1
                total += scaled_sigmoid(-(inside[1] - row + 1) / length) / scaled_sigmoid(-1.0)
            continue
        before = [w for w in windows if w[1] < row]
        if before:
            first, last = before[-1]
            total += A_FP * scaled_sigmoid((row - last) / max(last - first, 1))
        else:
            total -= A_FP
    return total - A_FN * (len(windows) - len(caught))


def main(folder):
    labels = json.loads((folder / "windows.json").read_text())
    rows = io.StringIO()
    stamps = {}
    for name in sorted(labels):
        with gzip.open(folder / (name + ".gz"), "rt") as lines:
            data = list(csv.DictReader(lines))
        stamps[name] = [d["timestamp"] for d in data]
        for n, d in enumerate(data):
            rows.write(f"{name},{n},{d['timestamp']},{d['value']}\n")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as query:
        query.write(QUERY)
        query.flush()
        answer = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", query.name], input=rows.getvalue(),
                                text=True, capture_output=True)
    if answer.returncode != 0:
        sys.exit(answer.stderr)
    scores = {name: [0.0] * len(s) for name, s in stamps.items()}
    for name, n, score in csv.reader(io.StringIO(answer.stdout)):
        scores[name][int(n)] = float(score)
    windows = {}
    for name, found in labels.items():
        at = {stamp: i for i, stamp in reversed(list(enumerate(stamps[name])))}
        windows[name] = [(at[first[:19]], at[last[:19]]) for first, last in found]
    count = sum(len(w) for w in windows.values())
    best = max(((100 * (sum(score_file(scores[n], windows[n], t) for n in labels) + A_FN * count) / (count * (1 + A_FN)), t)
                for t in [1.5 + 0.1 * i for i in range(350)]))
    medium = 100 * (sum(score_file(scores[n], windows[n], 2) for n in labels) + A_FN * count) / (count * (1 + A_FN))
    print(f"{len(labels)} files, {count} windows: {best[0]:.1f} at a score of {best[1]:.1f}; {medium:.1f} at 2, medium sensitivity")


main(pathlib.Path(sys.argv[1]))

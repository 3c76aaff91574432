"""What is counted while requests flow: outcomes, latency, ledger, CPU time by layer, the series, and the records of the trace.

`books` has a row a client: COUNTS of outcomes and sums, then the ledger (layers * KINDS), then the latency histogram.
The histogram follows HdrHistogram's bucket rule: 2048 equal steps, then 1024 steps an octave, so a value is known within 1/1024.
The series goes on from time 0, warm-up included: batches of equally many requests in the order in which they came home. When all its rows
are full, neighbours are merged and batches become twice as long, so it takes the same memory however long the run is.
"""

from __future__ import annotations

from cutaway.sim.traffic.jit import compiled
from cutaway.sim.traffic.tables import KINDS, LOG_REQUEST, LOG_SPAN, MARKS, SERVED, Tables

LATENCY_SUM, LATENCY_MAX, ISSUED = 5, 6, 7
"""Columns after the outcomes 0 ... 4."""
COUNTS = 8
SUB_BITS = 11
HALF = 1 << (SUB_BITS - 1)
OCTAVES = 42
BUCKETS = (OCTAVES + 1) * HALF
"""Latencies up to 2**52 ns, 52 days."""
MOST_BATCHES = 2048
"""An even number."""
FIRST_BATCH = 5
"""Requests in a batch at first, as MSER-5 takes them [White, Cobb and Spratt 2000]."""
LARGEST_BATCH_NS = (1 << 62) - 1
"""At which the latency sum of a batch stops: two such sums, or a sum and a latency, stay within 64 bits."""


@compiled
def bucket_of(value: int) -> int:
    """The histogram's bucket of a duration; the last one takes all that is larger."""
    shift = 0
    rest = value >> SUB_BITS
    while rest > 0:
        rest >>= 1
        shift += 1
    bucket = shift * HALF + (value >> shift)
    return bucket if bucket < BUCKETS else BUCKETS - 1


def bucket_bounds(bucket: int) -> tuple[int, int]:
    """The smallest and the largest duration of a bucket, ns."""
    if bucket < 2 * HALF:
        return bucket, bucket
    shift = bucket // HALF - 1
    low = (bucket - shift * HALF) << shift
    return low, low + (1 << shift) - 1


@compiled
def count_served(w: Tables, token: int, latency: int) -> None:
    """A request has come home: its latency and its ledger go into the books."""
    one = w.tokens[token]
    layers = w.world[0].layers
    book = one.client
    w.books[book, SERVED] += 1
    w.books[book, LATENCY_SUM] += latency
    if latency > w.books[book, LATENCY_MAX]:
        w.books[book, LATENCY_MAX] = latency
    for column in range(layers * KINDS):
        w.books[book, COUNTS + column] += w.rows[token, MARKS + column]
    w.books[book, COUNTS + layers * KINDS + bucket_of(latency)] += 1
    _note_in_series(w, latency)


@compiled
def _note_in_series(w: Tables, latency: int) -> None:
    world = w.world[0]
    batch = w.series[world.batch]
    batch.requests += 1
    batch.latency_sum += min(latency, LARGEST_BATCH_NS - batch.latency_sum)
    batch.end = world.now
    if batch.requests == world.batch_requests:
        world.batch += 1
        if world.batch == MOST_BATCHES:
            _merge_batches(w)


@compiled
def _merge_batches(w: Tables) -> None:
    """Each two neighbours become one batch; the second half of the rows is free again."""
    half = MOST_BATCHES // 2
    for k in range(half):
        first, second, merged = w.series[2 * k], w.series[2 * k + 1], w.series[k]
        latency_sum = first.latency_sum + min(second.latency_sum, LARGEST_BATCH_NS - first.latency_sum)
        merged.requests, merged.latency_sum, merged.end = first.requests + second.requests, latency_sum, second.end
    for k in range(half, MOST_BATCHES):
        batch = w.series[k]
        batch.requests, batch.latency_sum = 0, 0
    world = w.world[0]
    world.batch, world.batch_requests = half, 2 * world.batch_requests


@compiled
def note_span(w: Tables, token: int, layer: int, kind: int, start: int, end: int, task: int, cpu: int, step: int) -> None:
    """A stretch of a request goes into its ledger, and into the log when this request is traced."""
    if end <= start:
        return
    w.rows[token, MARKS + layer * KINDS + kind] += end - start
    one = w.tokens[token]
    if one.logged:
        row = w.log[w.world[0].logged]
        w.world[0].logged += 1
        row.table, row.kind, row.start, row.end, row.request, row.number = LOG_SPAN, kind, start, end, one.request, 0
        row.step, row.task, row.cpu, row.layer, row.branch = step, task, cpu, layer, one.branch


@compiled
def note_state(w: Tables, task: int, state: int, start: int, end: int, cpu: int, table: int, request: int) -> None:
    """A stretch of a thread: a stint on a CPU or a state in which it waits."""
    world = w.world[0]
    if world.log_every == 0 or end <= start:
        return
    row = w.log[world.logged]
    world.logged += 1
    row.table, row.kind, row.start, row.end, row.request, row.number = table, state, start, end, request, 0
    row.step, row.task, row.cpu, row.layer, row.branch = -1, task, cpu, -1, 0


@compiled
def note_request(w: Tables, token: int, outcome: int) -> None:
    """A traced request has ended."""
    one = w.tokens[token]
    if one.logged == 0 or one.parent >= 0:
        return
    world = w.world[0]
    row = w.log[world.logged]
    world.logged += 1
    row.table, row.kind, row.start, row.end, row.request, row.number = LOG_REQUEST, outcome, one.born, world.now, one.request, one.number
    row.step, row.task, row.cpu, row.layer, row.branch = one.connection, one.client, -1, -1, 0

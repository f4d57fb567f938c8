"""The Python packages that a user would take instead, each with two processes:
``peers.py NAME [once]``. A task comes in as one line of JSON, how long it took goes out
as another."""

import json
import sys
import time

WORKERS = 2
# What a user of a package without chunks of its own would do by hand.
HAND_MADE_CHUNK = 10_000
ITEMS_PER_MB = 131_072


def square(x):
    return x * x


def squares(numbers):
    return [x * x for x in numbers]


def record(sample):
    return {**sample, "x": sample["y"], "y": sample["x"], "good": not sample["good"]}


def records(samples):
    return [record(sample) for sample in samples]


def line(text):
    return len(text)


def lines(texts):
    return [len(text) for text in texts]


def length(array):
    return len(array)


def array(length):
    import numpy

    return numpy.zeros(length)


def sleep(ms):
    time.sleep(ms / 1000)
    return ms


def multiprocessing(method):
    from multiprocessing import get_context

    pool = get_context(method).Pool(WORKERS)

    def run(f, items, one_by_one):
        if one_by_one:
            # In the order in which they end: nothing of Pool's is faster.
            return sorted(pool.imap_unordered(f, items, chunksize=1))
        # By default its chunks are so large that one of them has all the long sleeps.
        return pool.map(f, items, chunksize=1 if f is sleep else None)

    return run, pool.terminate


def executor(pool):
    def run(f, items, one_by_one):
        by_hand = len(items) > HAND_MADE_CHUNK and not one_by_one
        return list(pool.map(f, items, chunksize=HAND_MADE_CHUNK if by_hand else 1))

    return run, pool.shutdown


def process_pool_executor():
    from concurrent.futures import ProcessPoolExecutor

    return executor(ProcessPoolExecutor(WORKERS))


def loky():
    from joblib.externals.loky import get_reusable_executor

    return executor(get_reusable_executor(max_workers=WORKERS, timeout=3600))


def joblib():
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=WORKERS, backend="loky")
    parallel.__enter__()

    def run(f, items, one_by_one):
        parallel.batch_size = 1 if one_by_one else "auto"
        if one_by_one or len(items) <= HAND_MADE_CHUNK:
            return parallel(delayed(f)(item) for item in items)
        many = globals()[f.__name__ + "s"]
        return flat(parallel(delayed(many)(chunk) for chunk in chunks(items)))

    return run, lambda: parallel.__exit__(None, None, None)


def dask():
    import logging

    import dask
    from distributed import Client, LocalCluster

    # Its profiler wakes up all the time, also while others are measured.
    dask.config.set({"distributed.worker.profile.interval": "1h"})
    cluster = LocalCluster(
        WORKERS,
        threads_per_worker=1,
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
    )
    client = Client(cluster)

    def run(f, items, one_by_one):
        if len(items) >= HAND_MADE_CHUNK:
            # A thousand calls a second, and a list of 10⁴ numbers takes as long as 500.
            raise RuntimeError("it takes a minute for so many items")
        if f is length:
            items = client.scatter(items)
        return client.gather(client.map(f, items, pure=False))

    def close():
        client.close()
        cluster.close()

    return run, close


POOLS = {
    "multiprocessing.Pool, fork": lambda: multiprocessing("fork"),
    "multiprocessing.Pool, spawn": lambda: multiprocessing("spawn"),
    "ProcessPoolExecutor": process_pool_executor,
    "loky": loky,
    "joblib": joblib,
    "dask.distributed": dask,
}


def chunks(items):
    step = HAND_MADE_CHUNK
    return [items[i : i + step] for i in range(0, len(items), step)]


def flat(lists):
    return [item for items in lists for item in items]


def items_of(name, items):
    if name == "square":
        return list(range(items))
    if name == "record":
        return [
            {"id": i, "name": f"sample {i}", "x": i / 8, "y": -i, "good": i % 3 == 0}
            for i in range(items)
        ]
    if name == "line":
        return [f"{i},sample {i},{i / 8},{-i}" for i in range(items)]
    if name == "length":
        import numpy

        return [numpy.zeros(ITEMS_PER_MB) for _ in range(items)]
    if name == "array":
        return [ITEMS_PER_MB] * items
    return [each for count, each in items for _ in range(count)]


def check(name, items, results):
    """Whoever is fast and wrong has not won."""
    right = {
        "square": lambda x, result: result == x * x,
        "record": lambda sample, result: result == record(sample),
        "line": lambda text, result: result == len(text),
        "length": lambda _, result: result == ITEMS_PER_MB,
        "array": lambda length, result: len(result) == length,
        "sleep": lambda ms, result: result == ms,
    }[name]
    if len(results) != len(items) or not all(map(right, items, results)):
        raise RuntimeError("the results are wrong")


def measure(run, task):
    name = task["do"]
    items = items_of(name, task["items"])
    repeat = task.get("repeat", 1)
    began = time.perf_counter()
    for _ in range(repeat):
        results = run(globals()[name], items, task.get("oneByOne", False))
    took = time.perf_counter() - began
    check(name, items, results)
    return 1000 * took / repeat


def say(message):
    print(json.dumps(message), flush=True)


def main():
    run, close = POOLS[sys.argv[1]]()
    if "once" in sys.argv:
        print(run(square, [1, 2, 3, 4, 5], False))
    else:
        say({})
        for line in sys.stdin:
            try:
                say({"ms": measure(run, json.loads(line))})
            except Exception as error:
                say({"error": str(error)})
    close()


if __name__ == "__main__":
    main()

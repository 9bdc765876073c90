"""Twelve downloads in a pool of four threads, with Python's concurrent.futures."""

# ANCHOR: program
from concurrent.futures import ThreadPoolExecutor, as_completed


def download(number):
    if number == 3:
        raise OSError(f"download {number}: connection reset")
    return number


with ThreadPoolExecutor(max_workers=4) as pool:
    print(list(pool.map(download, [4, 2, 1])))
    futures = [pool.submit(download, number) for number in range(1, 13)]
    finished = 0
    for future in as_completed(futures):
        try:
            future.result()
            finished += 1
        except OSError as error:
            print(error)
    print(finished, "finished")
# ANCHOR_END: program

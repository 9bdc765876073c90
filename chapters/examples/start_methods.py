"""Shows which value of a changed variable a child process sees with each start method."""

# ANCHOR: methods
import multiprocessing, sys

limit = 1

def tell():
    sys.exit(limit)

if __name__ == "__main__":
    limit = 2
    for method in "fork", "spawn", "forkserver":
        child = multiprocessing.get_context(method).Process(target=tell)
        child.start()
        child.join()
        print(method, child.exitcode)
# ANCHOR_END: methods

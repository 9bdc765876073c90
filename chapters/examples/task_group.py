"""Twelve downloads in a TaskGroup: the first error cancels the others."""

# ANCHOR: program
import asyncio


async def download(number):
    if number < 3:
        return number
    if number == 3:
        raise OSError(f"download {number}: connection reset")
    await asyncio.Event().wait()  # a download that takes much longer


async def main():
    downloads = []
    try:
        async with asyncio.TaskGroup() as group:
            for number in range(1, 13):
                downloads.append(group.create_task(download(number)))
    except* OSError as errors:
        print("errors:", errors.exceptions)
    print(sum(task.cancelled() for task in downloads), "canceled")


asyncio.run(main())
# ANCHOR_END: program

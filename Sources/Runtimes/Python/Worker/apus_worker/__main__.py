"""A worker process: `python -m apus_worker`, with its channel as descriptor 3."""

from apus_worker import loop

if __name__ == "__main__":
    loop.main()

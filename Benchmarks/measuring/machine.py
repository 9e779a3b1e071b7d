"""What machine this is, which cores do what, and whether it is quiet."""

import os
import pathlib
import platform
import re
import resource
import subprocess
import time

from . import processes

# Parts of all cores' time above which a run says more about its neighbours than about Apus.
OTHERS_SHARE_MAX = 0.05
STOLEN_SHARE_MAX = 0.02


class Cores:
    """Which core serves and which one loads, so that neither takes time from the other."""

    def __init__(self):
        usable = sorted(os.sched_getaffinity(0))
        if len(usable) < 2:
            raise SystemExit("bench: two cores are needed, one for the server and one for the load")
        self.server = usable[0]
        self.client = usable[-1]
        self.all = usable


def first_line(*command):
    """The first line that a command prints, or nothing where it is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0].strip() if lines else ""


def processor_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def memory_gib():
    line = pathlib.Path("/proc/meminfo").read_text().splitlines()[0]
    return round(int(line.split()[1]) / 1024**2, 1)


def system_name():
    for line in pathlib.Path("/etc/os-release").read_text().splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.split("=", 1)[1].strip('"')
    return platform.system()


def revision(root):
    commit = first_line("git", "-C", str(root), "rev-parse", "--short=12", "HEAD")
    sources = ["Sources", "Package.swift", "Benchmarks"]
    changed = first_line("git", "-C", str(root), "status", "--porcelain", "--", *sources)
    return commit + (" with local changes" if changed else "")


def runtime_version(root):
    libraries = sorted((root / ".native").glob("libonnxruntime.so.*"))
    return libraries[-1].name.removeprefix("libonnxruntime.so.") if libraries else ""


def peer_versions(root):
    wanted = ["fastapi", "uvicorn", "uvloop", "httptools", "orjson", "numpy"]
    versions = {}
    for line in (root / "Benchmarks/requirements.txt").read_text().splitlines():
        match = re.match(r"([\w-]+)(?:\[\w+\])?==(\S+)", line)
        if match and match[1] in wanted:
            versions[match[1]] = match[2]
    return versions


def facts(root):
    """All that a reader needs to judge the figures, by name."""
    found = {
        "processor": processor_name(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": f"{memory_gib()} GiB",
        "system": system_name(),
        "kernel": platform.release(),
        "Apus": revision(root),
        "Swift": first_line("swift", "--version"),
        "ONNX Runtime": runtime_version(root),
        "nginx": first_line("nginx", "-v").removeprefix("nginx version: nginx/"),
        "wrk": first_line("wrk", "-v").split("[")[0].removeprefix("wrk ").strip(),
        "Python": platform.python_version(),
    }
    found.update(peer_versions(root))
    return {name: value for name, value in found.items() if value != ""}


def busy_share(seconds):
    """Share of all cores' time that was not idle, 0 to 1."""

    def times():
        fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
        numbers = [int(field) for field in fields]
        return sum(numbers[:8]), numbers[3] + numbers[4]

    total, idle = times()
    time.sleep(seconds)
    total_later, idle_later = times()
    passed = max(1, total_later - total)
    return 1 - (idle_later - idle) / passed


class Watch:
    """What the machine did beside us from its making until it is asked."""

    def __init__(self):
        self.load = os.getloadavg()[0]
        self.begin = self.moment()

    def moment(self):
        numbers = [
            int(field)
            for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
        ticks = processes.TICKS
        # Interrupts belong to nobody, and loopback traffic is made of them: they are left out.
        used, stolen = sum(numbers[:3]) / ticks, numbers[7] / ticks
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = children.ru_utime + children.ru_stime
        own += sum(processes.seconds_of(pid) for pid in processes.family(os.getpid()))
        return {"others": used - own, "stolen": stolen, "all": sum(numbers[:8]) / ticks}

    def reasons(self):
        """Why what was measured meanwhile is not to be trusted; empty where it is."""
        end = self.moment()
        passed = {name: end[name] - self.begin[name] for name in end}
        whole = max(0.01, passed["all"])
        others, stolen = passed["others"] / whole, passed["stolen"] / whole
        found = []
        if others > OTHERS_SHARE_MAX:
            found.append(
                f"other processes used {others:.0%} of all cores (load average {self.load:.1f} at "
                "the start)")
        if stolen > STOLEN_SHARE_MAX:
            found.append(f"{stolen:.0%} of all cores' time was stolen by the host")
        return found


def wait_until_quiet(limit_seconds, share=0.05):
    """Waits until others use less than `share` of the machine, but not for ever; gives the share."""
    end = time.monotonic() + limit_seconds
    while True:
        busy = busy_share(0.5)
        if busy <= share or time.monotonic() >= end:
            return busy

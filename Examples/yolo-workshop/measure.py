"""Asks `apus bench` and `apus tune`, in rounds, and says how sure a ratio is."""

import json
import math
import os
import pathlib
import re
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


class Skipped(Exception):
    """Why something cannot be measured here."""


class Ratio:
    """One thing over another, of paired rounds: their geometric mean, and between what it lies.

    The interval of 95 % is Student's t of the rounds' logarithms, as `apus bench --against` has it: rounds
    drawn again would hold the truth too seldom where there are so few.
    """

    # Quantiles 0.975 of Student's distribution, by rounds: one less are its degrees of freedom.
    BOUNDS = {3: 4.303, 5: 2.776}

    def __init__(self, ones, others):
        logs = [math.log(one / other) for one, other in zip(ones, others)]
        middle = statistics.fmean(logs)
        reach = self.BOUNDS[len(logs)] * statistics.stdev(logs) / math.sqrt(len(logs))
        self.value, self.low, self.high = math.exp(middle), math.exp(middle - reach), math.exp(middle + reach)

    @property
    def is_noise(self):
        return self.low <= 1 <= self.high

    def __str__(self):
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


class Result:
    """Rounds of one contestant: p90 of the single stream in ms, and samples a second offline."""

    def __init__(self):
        self.p90, self.rate, self.documents = [], [], []

    def add(self, documents, rows):
        for document in documents:
            if document["scenario"] == "single-stream":
                self.p90.append(document["latency_ms"]["p90"])
            else:
                self.rate.append(document["throughput"]["value"] * rows)
        self.documents += documents

    @property
    def middle_p90(self):
        return statistics.median(self.p90)

    @property
    def middle_rate(self):
        return statistics.median(self.rate)


class Bench:
    """The program, the model, and what lies beside it."""

    def __init__(self, model, program, is_quick):
        self.is_quick = is_quick
        self.rounds = 3 if is_quick else 5
        self.seconds = "400ms" if is_quick else "3s"
        self.program = self.found(program)
        self.model = model
        if model != "shapes" and not pathlib.Path(model).is_file():
            raise Skipped(f"no model at {model}; give the path of yolo11n.onnx, or no path at all")
        self.description = json.loads(self.apus("inspect", model, "--json").splitlines()[0])
        self.environment = {}

    @staticmethod
    def found(program):
        candidates = [program] if program else [
            os.environ.get("APUS_BINARY"), ROOT / ".build/release/apus", ROOT / ".build/debug/apus"]
        for candidate in candidates:
            if candidate and os.access(candidate, os.X_OK):
                return pathlib.Path(candidate).resolve()
        raise Skipped("apus is not built: run make release, or name it with --apus")

    def apus(self, *words, environment=None):
        done = subprocess.run(
            [str(self.program), *map(str, words)], capture_output=True, text=True, timeout=3600,
            env={**os.environ, **(environment or {})})
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines()
            raise Skipped(f"apus {words[0]}: {lines[-1] if lines else done.returncode}")
        return done.stdout

    def beside(self, ending):
        """Another form of the model, as the workshop's files are named: yolo11n-fp16.onnx."""
        file = pathlib.Path(self.model)
        matches = sorted(file.parent.glob(f"{file.stem}{ending}*.onnx")) if file.suffix else []
        return str(matches[0]) if matches else None

    def row_shape(self, model, rows):
        """`--shape` for that many rows, of the first input; the other axes are 1 or as they are."""
        inspected = json.loads(self.apus("inspect", model, "--json").splitlines()[0])
        one = inspected["inputs"][0]
        if one["shape"][0] != -1:
            raise Skipped(f"{pathlib.Path(model).name} has no batch axis")
        lengths = [rows, *self.usual_lengths(one["shape"][1:])]
        return f"{one['name']}={','.join(map(str, lengths))}"

    @staticmethod
    def usual_lengths(lengths):
        """A net for photos with free axes is asked with the size that YOLO is trained for."""
        free = lengths.count(-1)
        return [640 if length == -1 and free == 2 else max(1, length) for length in lengths]

    def in_turns(self, contestants):
        """Each contestant once a round, every other round from the last to the first."""
        results = {name: Result() for name in contestants}
        for number in range(self.rounds):
            names = list(contestants) if number % 2 == 0 else list(reversed(contestants))
            for name in names:
                words, environment, rows = contestants[name]
                documents = json.loads(self.apus(
                    "bench", *words, "--scenario", "single-stream,offline", "--duration",
                    self.seconds, "--seed", number + 1, "--json", "-", environment=environment))
                results[name].add(documents, rows)
                self.environment.update(documents[0]["environment"])
        return results

    def tuned(self, *flags):
        with tempfile.TemporaryDirectory(prefix="workshop-") as folder:
            file = pathlib.Path(folder) / "tuned.json"
            self.apus("tune", self.model, "--output", "-", "--json", file, *flags)
            return json.loads(file.read_text())

    def serving(self):
        return Served(self)


class Served:
    """`apus serve MODEL` while this lasts; its port."""

    def __init__(self, bench):
        self.bench = bench

    def __enter__(self):
        words = ["serve"] if self.bench.model == "shapes" else ["serve", self.bench.model]
        self.process = subprocess.Popen(
            [str(self.bench.program), *words, "--http-port", "0", "--grpc-port", "0",
             "--metrics-port", "0", "--state-directory", "off"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            found = ADDRESS.search(line)
            if found:
                return found.group(1)
        raise Skipped("apus serve printed no address")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate(timeout=60)

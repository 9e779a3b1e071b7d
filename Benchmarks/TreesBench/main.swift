import Glibc
import Inference
import Trees

/// Times compiled ensembles. `TreesBench MODEL ROWS` reads a model file and a file of Float32 rows, says
/// `ready`, and then answers a line of standard input each:
///
///     BATCH THREADS MILLISECONDS VARIANT
///
/// with `nanoseconds-a-call median p99 calls`, as `trees_peers.c` does. `load` is answered with the
/// nanoseconds of compiling.
let arguments = CommandLine.arguments
guard arguments.count == 3 else {
  print("usage: TreesBench MODEL ROWS")
  exit(2)
}
let bench = TreesBench(model: arguments[1], rows: arguments[2])
print("ready", bench.ensemble.trees.count, bench.ensemble.featureCount)
fflush(nil)
while let line = readLine() {
  let words = line.split(separator: " ").map(String.init)
  switch words.first {
  case "load": print(bench.compileNanoseconds())
  case .some where words.count == 4:
    print(
      bench.timed(
        batch: Int(words[0]) ?? 1, threads: Int(words[1]) ?? 1,
        nanoseconds: (Int(words[2]) ?? 100) * 1_000_000, variant: words[3]))
  default: exit(2)
  }
  fflush(nil)
}

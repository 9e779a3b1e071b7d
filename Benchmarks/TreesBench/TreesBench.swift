import Glibc
import Inference
import Trees

/// A model and rows to answer.
struct TreesBench {
  let ensemble: TreeEnsemble
  private let rows: [Float]
  private let compiled: [String: CompiledEnsemble]

  init(model path: String, rows rowsPath: String) {
    do {
      let file = bytes(of: path)
      let model = try file.withUnsafeBytes { try TabularModelReader.read(bytes: $0, name: path) }
      guard case .trees(let ensemble) = model.predictor else { fatalError("\(path): no trees") }
      self.ensemble = ensemble
      rows = bytes(of: rowsPath).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
      compiled = try Dictionary(
        uniqueKeysWithValues: TreeVariant.allCases.filter(\.isHere).map {
          ("\($0)", try CompiledEnsemble(ensemble, variant: $0))
        })
    } catch {
      fatalError("\(error)")
    }
  }

  private var rowCount: Int { rows.count / ensemble.featureCount }

  private func best(_ name: String) -> CompiledEnsemble {
    guard let found = compiled[name == "best" ? "\(TreeVariant.best)" : name] else {
      fatalError("no variant \(name) here")
    }
    return found
  }

  func compileNanoseconds() -> Int {
    (0..<5).map { _ in
      let start = now()
      _ = try? CompiledEnsemble(ensemble)
      return now() - start
    }.min() ?? 0
  }

  /// Calls with different rows, one after the other, for some time.
  func timed(batch: Int, threads: Int, nanoseconds: Int, variant: String) -> String {
    let lanes = (0..<threads).map {
      Lane(best(variant), rowCount: batch / threads + ($0 < batch % threads ? 1 : 0))
    }
    let helper = threads > 1 ? HelperThread(lanes[1]) : nil
    defer { helper?.end() }
    var times: [Int] = []
    times.reserveCapacity(1 << 20)
    rows.withUnsafeBufferPointer { rows in
      var first = 0
      let end = now() + nanoseconds
      var start = now()
      while start < end || times.count < 3 {
        if first + batch > rowCount { first = 0 }
        let others = rowStart(first + lanes[0].rowCount, rows)
        helper?.begin(others)
        lanes[0].run(rowStart(first, rows))
        helper?.wait()
        first += batch
        let stop = now()
        times.append(stop - start)
        start = stop
      }
    }
    times.sort()
    let total = times.reduce(0, +)
    return "\(Double(total) / Double(times.count)) \(times[times.count / 2]) "
      + "\(times[times.count * 99 / 100]) \(times.count)"
  }

  private func rowStart(_ row: Int, _ rows: UnsafeBufferPointer<Float>) -> UnsafeBufferPointer<
    Float
  > {
    UnsafeBufferPointer(rebasing: rows[(row * ensemble.featureCount)...])
  }
}

func now() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

private func bytes(of path: String) -> [UInt8] {
  guard let file = fopen(path, "r") else { fatalError("cannot read \(path)") }
  defer { fclose(file) }
  fseek(file, 0, SEEK_END)
  let size = ftell(file)
  rewind(file)
  return [UInt8](unsafeUninitializedCapacity: size) { bytes, count in
    count = fread(bytes.baseAddress, 1, size, file)
  }
}

import Glibc
import Inference
import Trees

/// A model and rows to answer.
struct TreesBench {
  let ensemble: TreeEnsemble
  private let path: String
  private let rows: UnsafeBufferPointer<Float>
  private let compiled: [String: CompiledEnsemble]

  init(model path: String, rows rowsPath: String) {
    do {
      let file = bytes(of: path)
      let model = try file.withUnsafeBytes { try TabularModelReader.read(bytes: $0, name: path) }
      guard case .trees(let ensemble) = model.predictor else { fatalError("\(path): no trees") }
      self.ensemble = ensemble
      self.path = path
      let values = bytes(of: rowsPath).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
      let place = UnsafeMutableBufferPointer<Float>.allocate(capacity: values.count)
      _ = place.initialize(from: values)
      rows = UnsafeBufferPointer(place)
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

  /// Calls with different rows, one after the other, for some time: of the engine alone, or with several
  /// threads of the model as it is served, which has the best variant.
  func timed(batch: Int, threads: Int, nanoseconds: Int, variant: String) -> String {
    guard threads > 1 else {
      return timed(
        EngineLane(best(variant), rows, rowCount: batch), batch: batch, nanoseconds: nanoseconds)
    }
    do {
      let lane = try ServedLane(path, rows, rowCount: batch, threadCount: threads)
      return timed(lane, batch: batch, nanoseconds: nanoseconds)
    } catch {
      fatalError("\(error)")
    }
  }

  private func timed(_ lane: some Lane, batch: Int, nanoseconds: Int) -> String {
    var times: [Int] = []
    times.reserveCapacity(1 << 20)
    var first = 0
    let end = now() + nanoseconds
    var start = now()
    while start < end || times.count < 3 {
      if first + batch > rowCount { first = 0 }
      lane.run(first: first)
      first += batch
      let stop = now()
      times.append(stop - start)
      start = stop
    }
    times.sort()
    let total = times.reduce(0, +)
    return "\(Double(total) / Double(times.count)) \(times[times.count / 2]) "
      + "\(times[times.count * 99 / 100]) \(times.count)"
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

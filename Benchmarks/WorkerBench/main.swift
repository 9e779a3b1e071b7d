// What a call of a worker process costs, without a server around it:
//   WorkerBench PACKAGE MODEL PYTHON SECONDS
// PACKAGE is the folder that holds apus_worker, MODEL a model.py that gives back its input x, FP32 of rank
// 2. Prints one JSON object: microseconds of a call one at a time, with a pause before each, with four
// under way, and of 4.9 MB.
import Glibc
import Inference
import Synchronization
import Workers

let arguments = CommandLine.arguments
guard arguments.count == 5, let seconds = Double(arguments[4]) else {
  print("usage: WorkerBench PACKAGE MODEL PYTHON SECONDS")
  exit(2)
}

@Sendable func now() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

var plan = WorkerPlan(program: [arguments[3], "-u", "-m", "apus_worker"]) { _ in
  "{\"folder\": \"\(arguments[2])\", \"name\": \"bench\", \"version\": \"1\", \"allow_pickle\": false, "
    + "\"kind\": \"\", \"parameters\": {}, \"instance\": 0}"
}
plan.environment["PYTHONPATH"] = arguments[1]
plan.runsInFlight = 8
let group: WorkerGroup
do {
  group = try WorkerGroup(name: "bench", plan: plan)
} catch {
  print("cannot start the worker: \(error.message)")
  exit(1)
}

/// Calls that are under way, and how long each took.
final class Book: Sendable {
  struct Page: Sendable {
    var open = 0
    var nanoseconds: [UInt64] = []
    var failures = 0
  }
  let page = Mutex(Page())

  func call(_ batch: RunBatch, _ then: @escaping @Sendable () -> Void) {
    let begin = now()
    page.withLock { $0.open += 1 }
    group.start(batch, stop: StopFlag()) { [self] result in
      let took = now() - begin
      page.withLock { page in
        page.open -= 1
        page.nanoseconds.append(took)
        if case .failure = result { page.failures += 1 }
      }
      then()
    }
  }
}

/// One at a time from this thread, resting so long between two.
func alone(_ batch: RunBatch, seconds: Double, rest: UInt32 = 0) -> [UInt64] {
  let book = Book()
  let done = Semaphore()
  let end = now() + UInt64(seconds * 1e9)
  while now() < end {
    if rest > 0 { usleep(rest) }
    book.call(batch) { done.signal() }
    done.wait()
  }
  let page = book.page.withLock { $0 }
  if page.failures > 0 { print("\(page.failures) calls failed") }
  return page.nanoseconds.sorted()
}

/// So many always under way, each begun where another ends: nanoseconds of the whole by call.
func together(_ count: Int, _ batch: RunBatch, seconds: Double) -> Double {
  let book = Book()
  let begin = now()
  let end = begin + UInt64(seconds * 1e9)
  let done = Semaphore()
  @Sendable func next() {
    if now() >= end { return done.signal() }
    book.call(batch, next)
  }
  for _ in 0..<count { next() }
  for _ in 0..<count { done.wait() }
  return Double(now() - begin) / Double(max(1, book.page.withLock { $0.nanoseconds.count }))
}

/// Counts what was done; waits without sleeping at first, as a model thread does.
final class Semaphore: @unchecked Sendable {
  // The system's own semaphore, in memory that does not move.
  private let semaphore: UnsafeMutablePointer<sem_t>
  init() {
    semaphore = .allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
  }
  func signal() { sem_post(semaphore) }
  func wait() { while sem_wait(semaphore) != 0 {} }
}

func batch(_ rowLength: Int) -> RunBatch {
  let tensor = Tensor(
    [Float](repeating: 1, count: rowLength), datatype: .float32, shape: [1, rowLength])
  return RunBatch(inputs: [tensor], rowCount: 1)
}

func microseconds(_ sorted: [UInt64], _ part: Double) -> Double {
  sorted.isEmpty ? 0 : Double(sorted[Int(Double(sorted.count - 1) * part)]) / 1_000
}

let small = batch(24)
_ = alone(small, seconds: 0.2)
let busy = alone(small, seconds: seconds)
let paused = alone(small, seconds: seconds, rest: 2_000)
let four = together(4, small, seconds: seconds)
let eight = together(8, small, seconds: seconds)
let large = batch(3 * 640 * 640)
_ = alone(large, seconds: 0.2)
let image = alone(large, seconds: seconds)
print(
  "{\"one\": \(microseconds(busy, 0.5)), \"one_p99\": \(microseconds(busy, 0.99)), "
    + "\"paused\": \(microseconds(paused, 0.5)), \"paused_p99\": \(microseconds(paused, 0.99)), "
    + "\"four\": \(four / 1_000), \"eight\": \(eight / 1_000), "
    + "\"image\": \(microseconds(image, 0.5)), \"image_p99\": \(microseconds(image, 0.99))}")
exit(0)

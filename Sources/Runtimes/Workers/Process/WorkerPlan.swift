package import Inference

/// How the workers of one model are started, and what they may do.
package struct WorkerPlan: Sendable {
  /// The program that becomes the worker, with its arguments; found by path.
  package var program: [String]
  /// Beside those of this process.
  package var environment: [String: String]
  /// Where it runs; `nil` is where we do.
  package var directory: String?
  package var lines: WorkerLines
  package var limits: WorkerState.Limits
  /// What every worker is told first: text that its own program understands.
  package var greeting: @Sendable (_ instance: Int) -> String
  /// Worker processes, 1 or more.
  package var workerCount: Int
  /// Runs that one worker may have at once, 1 or more: with 2 the next one lies ready.
  package var runsInFlight: Int
  /// Most bytes of one answer.
  package var answerBytesMax: Int
  /// Is told what the workers say and what becomes of them; on any thread, quickly.
  package var observe: @Sendable (WorkerEvent) -> Void
  /// The way to other models; `nil` where there is none.
  package var door: (any ModelDoor)?
  /// What each worker and all that it starts may use together, where control groups may be made.
  var groupLimits = ControlGroup.Limits()
  /// How each of its bounds is kept, in words; empty where there are none.
  package internal(set) var bounds = ""
  /// Each worker has a folder of its own for what it writes, with these variables, which name it; the
  /// folder goes with the process.
  var temporaryVariables: [String] = []
  /// A worker may write into that folder alone.
  var isReadOnly = false
  /// What starts the program within its lines; `nil` starts it without any.
  var launcher: WorkerLauncher?
  /// What the model is called there.
  package var modelName: String

  package init(
    program: [String], workerCount: Int = 1,
    greeting: @escaping @Sendable (_ instance: Int) -> String
  ) {
    self.program = program
    self.workerCount = workerCount
    self.greeting = greeting
    environment = [:]
    lines = WorkerLines()
    limits = WorkerState.Limits()
    runsInFlight = 2
    answerBytesMax = 1 << 30
    observe = { _ in }
    modelName = ""
  }
}

/// What happened to a worker.
package enum WorkerEvent: Sendable, Equatable {
  /// A line that it wrote.
  case wrote(instance: Int, line: String)
  /// So many lines were left out, because there were too many.
  case wroteTooMuch(instance: Int, lineCount: Int)
  /// With how its bounds are kept, in words.
  case started(instance: Int, process: Int32, bounds: String)
  case ended(instance: Int, reason: String)
  case measured(instance: Int, WorkerMetric)
}

/// The lines that are drawn around a worker, as far as the system allows; 0 and `nil` draw none.
package struct WorkerLines: Sendable, Equatable {
  /// Bytes of private memory of each process.
  package var memoryBytesMax = 0
  /// Seconds of processor time of one process's whole life.
  package var processorSecondsMax = 0
  package var openFilesMax = 0
  package var mayStartProcesses = false
  /// Tasks of the worker's user beside those that there are when it starts; where no control group
  /// counts its own.
  package var processesMax = 0
  /// What it starts may not leave its session, with which it is ended.
  package var keepsSession = false
  package var mayUseNetwork = true
  /// The only folder that it may change.
  package var writableFolder: String?

  package init() {}
}

/// The program that draws a worker's lines and then becomes it; the executable does this of itself.
package struct WorkerLauncher: Sendable {
  /// Arguments before those of `arguments(for:)`; empty starts workers without any lines.
  package let command: [String]

  package init(command: [String]) { self.command = command }

  /// What starts `program` within these lines.
  package func program(_ program: [String], within lines: WorkerLines) -> [String] {
    if command.isEmpty { return program }
    return command + lines.arguments + ["--"] + program
  }
}

extension WorkerLines {
  /// As `init(arguments:)` reads them.
  package var arguments: [String] {
    [
      "memory=\(memoryBytesMax)", "processor=\(processorSecondsMax)", "files=\(openFilesMax)",
      "processes=\(mayStartProcesses ? 1 : 0)", "network=\(mayUseNetwork ? 1 : 0)",
      "tasks=\(processesMax)", "session=\(keepsSession ? 1 : 0)",
    ] + (writableFolder.map { ["writable=\($0)"] } ?? [])
  }

  /// `nil` where one of them is not of this list.
  package init?(arguments: [String]) {
    self.init()
    for argument in arguments {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { return nil }
      if parts[0] == "writable" {
        writableFolder = String(parts[1])
        continue
      }
      guard let number = Int(parts[1]), number >= 0 else { return nil }
      switch parts[0] {
      case "memory": memoryBytesMax = number
      case "processor": processorSecondsMax = number
      case "files": openFilesMax = number
      case "processes": mayStartProcesses = number > 0
      case "network": mayUseNetwork = number > 0
      case "tasks": processesMax = number
      case "session": keepsSession = number > 0
      default: return nil
      }
    }
  }
}

import Glibc
package import Inference
package import Workers

/// Loads whatever Python computes, in worker processes of its own.
package struct PythonLoader: ModelLoader {
  package let runtimeName = "python"
  private let name: String
  private let version: Int64
  private let python: PythonOptions
  private let worker: WorkerOptions
  private let surroundings: Surroundings

  /// What of this machine and this program the loader uses.
  package struct Surroundings: Sendable {
    package let launcher: WorkerLauncher
    /// Where environments and the worker's own files are kept; `nil` keeps none.
    package let cache: String?
    package let observe: @Sendable (_ model: String, WorkerEvent) -> Void
    /// The way to other models; `nil` where a program has none to offer.
    package let door: (any ModelDoor)?
    /// Is told what takes long.
    package let progress: @Sendable (_ model: String, String) -> Void

    package init(
      launcher: WorkerLauncher, cache: String?, door: (any ModelDoor)?,
      observe: @escaping @Sendable (_ model: String, WorkerEvent) -> Void,
      progress: @escaping @Sendable (_ model: String, String) -> Void
    ) {
      self.launcher = launcher
      self.cache = cache
      self.door = door
      self.observe = observe
      self.progress = progress
    }
  }

  package init(
    name: String, version: Int64, python: PythonOptions, worker: WorkerOptions,
    surroundings: Surroundings
  ) {
    self.name = name
    self.version = version
    self.python = python
    self.worker = worker
    self.surroundings = surroundings
  }

  package func load(
    _ source: ModelSource, options: RuntimeOptions
  ) throws(RuntimeFault) -> any LoadedModel {
    guard case .file(let named) = source else {
      throw RuntimeFault(code: .invalidModel, message: "a Python model is a file or a folder")
    }
    let path = Folders.absolute(named)
    let interpreter = Interpreter(
      options: python, path: path, cache: surroundings.cache,
      progress: { [surroundings, name] in surroundings.progress(name, $0) })
    let plan = try plan(path, program: try interpreter.program(), options)
    return WorkerModel(try WorkerGroup(name: name, plan: plan), platformName: "python")
  }

  private func plan(
    _ path: String, program: String, _ options: RuntimeOptions
  ) throws(RuntimeFault) -> WorkerPlan {
    let package = try WorkerPackage.folder(in: surroundings.cache)
    let settings = greeting(path)
    var plan = WorkerPlan(
      program: [program, "-u", "-m", "apus_worker"], workerCount: options.callerCount
    ) { instance in settings(instance) }
    plan.keepInLine(worker, launcher: surroundings.launcher, name: name)
    plan.directory = Folders.isFolder(path) ? path : Folders.above(path)
    plan.environment["PYTHONPATH"] = Self.joined(package, getenv("PYTHONPATH"))
    // Where it would compute with threads of its own, it has as many as a run may use.
    for variable in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
      plan.environment[variable] = String(options.threadCount)
    }
    plan.door = surroundings.door
    plan.observe = { [surroundings, name] in surroundings.observe(name, $0) }
    return plan
  }

  private static func joined(_ own: String, _ others: UnsafeMutablePointer<CChar>?) -> String {
    guard let others, others.pointee != 0 else { return own }
    return own + ":" + String(cString: others)
  }

  /// What `apus_worker.models.open` is told, as JSON.
  private func greeting(_ path: String) -> @Sendable (Int) -> String {
    let fields: [(String, String)] = [
      ("folder", JSON.text(path)), ("name", JSON.text(name)), ("version", JSON.text("\(version)")),
      ("allow_pickle", python.allowsPickle ? "true" : "false"),
      ("allow_pickle_hint", JSON.text("allow-pickle: true under python: in its model.yaml")),
      ("kind", JSON.text(python.kind)), ("parameters", JSON.object(python.parameters)),
    ]
    let known = fields.map { "\(JSON.text($0.0)): \($0.1)" }.joined(separator: ", ")
    return { instance in "{\(known), \"instance\": \(instance)}" }
  }
}

/// The little of JSON that a greeting needs.
private enum JSON {
  static func text(_ text: String) -> String {
    var json = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": json += "\\" + String(scalar)
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: json.unicodeScalars.append(scalar)
      }
    }
    return json + "\""
  }

  static func object(_ pairs: [String: String]) -> String {
    let entries = pairs.sorted { $0.key < $1.key }.map { "\(text($0.key)): \(text($0.value))" }
    return "{\(entries.joined(separator: ", "))}"
  }
}

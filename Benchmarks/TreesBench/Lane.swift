import Inference
import Trees

/// Answers batches one after the other: what is timed.
protocol Lane {
  /// - Parameter first: the batch's first row.
  func run(first: Int)
}

/// The compiled ensemble alone, on the calling thread.
final class EngineLane: Lane {
  private let compiled: CompiledEnsemble
  private let rows: UnsafeBufferPointer<Float>
  private let rowCount: Int
  private let scratch: TreeScratch
  private let margins: UnsafeMutableBufferPointer<Float>

  /// `rows` are those of the whole file.
  init(_ compiled: CompiledEnsemble, _ rows: UnsafeBufferPointer<Float>, rowCount: Int) {
    self.compiled = compiled
    self.rows = rows
    self.rowCount = rowCount
    scratch = compiled.makeScratch()
    margins = .allocate(capacity: rowCount * compiled.outputCount)
  }

  deinit { margins.deallocate() }

  func run(first: Int) {
    compiled.margins(
      of: UnsafeBufferPointer(rebasing: rows[(first * compiled.featureCount)...]),
      rowCount: rowCount, into: margins, scratch: scratch)
  }
}

/// The model as it is served, with threads of its own: a run's margins.
struct ServedLane: Lane {
  private let instance: any ModelInstance
  private let values: TensorStorage
  private let datatype: Datatype
  private let columnCount: Int
  private let rowCount: Int
  private let output: Int

  init(
    _ path: String, _ rows: UnsafeBufferPointer<Float>, rowCount: Int, threadCount: Int
  ) throws(RuntimeFault) {
    let options = RuntimeOptions(threadCount: threadCount)
    let model = try TreesLoader().load(.file(path: path), options: options)
    guard let model = model as? any ComputingModel,
      let output = model.signature.outputs.firstIndex(where: { $0.name == "margin" }),
      case .fixed(let columnCount) = model.signature.inputs[0].dimensions[1]
    else { throw RuntimeFault(code: .invalidModel, message: "\(path) has no margins") }
    instance = try model.makeInstance(stop: StopFlag())
    datatype = model.signature.inputs[0].datatype
    self.columnCount = columnCount
    self.rowCount = rowCount
    self.output = output
    let lengths: TensorShape = [rows.count / columnCount, columnCount]
    values =
      datatype == .float32
      ? Tensor(Array(rows), datatype: datatype, shape: lengths).storage
      : Tensor(rows.map(Double.init), datatype: datatype, shape: lengths).storage
  }

  func run(first: Int) {
    let rowBytes = columnCount * (datatype.elementByteCount ?? 0)
    let rows = Tensor(
      datatype: datatype, shape: [rowCount, columnCount], storage: values,
      byteOffset: first * rowBytes, byteCount: rowCount * rowBytes)
    do {
      try instance.run(RunBatch(inputs: [rows], rowCount: rowCount, outputs: [output])) { _ in }
    } catch {
      fatalError("\(error)")
    }
  }
}

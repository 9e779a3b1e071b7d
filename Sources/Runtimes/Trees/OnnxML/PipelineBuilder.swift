/// A value that differs from row to row.
struct Column: Equatable {
  let place: Int
  let kind: ElementKind
  let shape: ColumnShape
}

/// A value that is the same for every row: an initializer, or a `Constant`.
struct Constant {
  let elements: ConstantElements
  let dimensions: [Int]
}

enum PipelineValue {
  case column(Column)
  case constant(Constant)
}

/// Collects the columns, constants and steps of a pipeline while its graph is read.
///
/// Bounded: what a few bytes of a file may ask for is `rowBytesMax` a row and as many constants.
struct PipelineBuilder {
  /// Most bytes that all columns of one row, and all constants together with them, may take.
  static let rowBytesMax = 1 << 20

  let constants = ConstantMemory()
  private(set) var rowByteCounts: [Int] = []
  private(set) var rowByteCount = 0
  private(set) var steps: [any PipelineStep] = []
  private(set) var ensembles: [CompiledEnsemble] = []
  /// By name, as far as the graph was read.
  var values: [String: PipelineValue] = [:]

  /// Makes room for a column.
  mutating func column(
    _ kind: ElementKind, _ shape: ColumnShape
  ) throws(PipelineObstacle) -> Column {
    try spend(shape.rowLengths, elementByteCount: kind.byteCount)
    rowByteCounts.append(shape.width * kind.byteCount)
    return Column(place: rowByteCounts.count - 1, kind: kind, shape: shape)
  }

  /// Refuses a shape for which there would be no room.
  func checkRoom(for shape: ColumnShape, _ kind: ElementKind) throws(PipelineObstacle) {
    guard rowByteCount + (try Self.byteCount(shape.rowLengths, kind.byteCount)) <= Self.rowBytesMax
    else { throw Self.tooLarge }
  }

  private mutating func spend(
    _ lengths: [Int], elementByteCount: Int
  ) throws(PipelineObstacle) {
    rowByteCount += try Self.byteCount(lengths, elementByteCount)
    guard rowByteCount <= Self.rowBytesMax else { throw Self.tooLarge }
  }

  private static func byteCount(
    _ lengths: [Int], _ elementByteCount: Int
  ) throws(PipelineObstacle) -> Int {
    var size = elementByteCount
    for length in lengths {
      let (product, overflow) = size.multipliedReportingOverflow(by: length)
      guard length >= 0, !overflow, product <= rowBytesMax else { throw tooLarge }
      size = product
    }
    return size
  }

  private static var tooLarge: PipelineObstacle {
    .notComputed("rows of more than \(rowBytesMax) bytes")
  }

  mutating func add(_ step: any PipelineStep) { steps.append(step) }

  /// Keeps an ensemble; the step that asks it is given its number.
  mutating func add(_ ensemble: CompiledEnsemble) -> Int {
    ensembles.append(ensemble)
    return ensembles.count - 1
  }

  /// The place of a constant's elements, as many as `picks` names.
  mutating func place(
    _ elements: ConstantElements, picks: [Int]
  ) throws(PipelineObstacle) -> Int {
    try spend([picks.count], elementByteCount: elements.kind.byteCount)
    return constants.add(elements, picks: picks)
  }

  /// The place of numbers that steps read; the file holds as many.
  func place(of numbers: [Float]) -> Int {
    constants.add(.floats(numbers), picks: Array(numbers.indices))
  }
}

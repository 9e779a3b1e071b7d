import Inference

/// A string where it lies: in a request's tensor or among a pipeline's constants.
struct TextSlot: BitwiseCopyable {
  let start: UnsafeRawPointer?
  let count: Int

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }
}

/// What a pipeline's steps read that is the same for every row, in places of its own.
final class ConstantMemory: @unchecked Sendable {
  // Written by `add`, which only the reader calls before the pipeline is handed on; never after.
  private(set) var bases: [UnsafeMutableRawPointer] = []
  private var blobs: [UnsafeMutableRawPointer] = []
  private(set) var byteCount = 0

  deinit {
    for base in bases + blobs { base.deallocate() }
  }

  /// Elements, those at `picks` in that order, and their place: -1, -2 and so on.
  func add(_ elements: ConstantElements, picks: [Int]) -> Int {
    let base = allocate(picks.count * elements.kind.byteCount)
    switch elements {
    case .floats(let all): fill(base, picks) { all[$0] }
    case .doubles(let all): fill(base, picks) { all[$0] }
    case .integers(let all): fill(base, picks) { all[$0] }
    case .smallIntegers(let all): fill(base, picks) { all[$0] }
    case .truths(let all): fill(base, picks) { all[$0] }
    case .texts(let all):
      let slots = all.map(slot)
      fill(base, picks) { slots[$0] }
    }
    bases.append(base)
    return -bases.count
  }

  /// Keeps a string for as long as the pipeline lives.
  private func slot(_ text: [UInt8]) -> TextSlot {
    let blob = allocate(text.count)
    text.withUnsafeBytes { source in
      if let start = source.baseAddress { blob.copyMemory(from: start, byteCount: source.count) }
    }
    blobs.append(blob)
    return TextSlot(start: blob, count: text.count)
  }

  /// Strings for steps that answer one of several.
  func slots(_ texts: [[UInt8]]) -> TextSlots { TextSlots(texts.map(slot), keptBy: self) }

  private func allocate(_ count: Int) -> UnsafeMutableRawPointer {
    byteCount += count
    return UnsafeMutableRawPointer.allocate(byteCount: max(count, 1), alignment: 16)
  }

  private func fill<Element: BitwiseCopyable>(
    _ base: UnsafeMutableRawPointer, _ picks: [Int], _ element: (Int) -> Element
  ) {
    let start = base.bindMemory(to: Element.self, capacity: picks.count)
    for (place, pick) in picks.enumerated() { start[place] = element(pick) }
  }
}

/// Strings of a pipeline's constants.
struct TextSlots: @unchecked Sendable {
  // Point into memory that `owner` keeps, which is not written once the pipeline is handed on.
  private let slots: [TextSlot]
  private let owner: ConstantMemory

  init(_ slots: [TextSlot], keptBy owner: ConstantMemory) {
    self.slots = slots
    self.owner = owner
  }

  subscript(place: Int) -> TextSlot { slots[place] }
  var count: Int { slots.count }
}

/// The memory of one caller's runs: for each place of a pipeline the elements of a block of rows.
///
/// Owned by one thread, like the instance that it is part of.
final class ColumnMemory {
  private let table: UnsafeMutablePointer<UnsafeMutableRawPointer>
  /// Into the table, behind the constants: those have places below 0, columns from 0 on.
  private let bases: UnsafeMutablePointer<UnsafeMutableRawPointer>
  private let block: UnsafeMutableRawPointer
  private let constants: ConstantMemory
  let scratches: [TreeScratch]
  /// Rows that got no answer, and why; numbered from the run's first row.
  private(set) var failures: [(row: Int, why: String)] = []
  /// The run's number of the block's first row.
  var firstRow = 0

  /// `rowByteCounts`: of each column.
  init(
    constants: ConstantMemory, rowByteCounts: [Int], blockRowCount: Int,
    scratches: [TreeScratch]
  ) {
    self.constants = constants
    self.scratches = scratches
    let constantCount = constants.bases.count
    table = .allocate(capacity: constantCount + rowByteCounts.count + 1)
    bases = table + constantCount
    let sizes = rowByteCounts.map { ($0 * blockRowCount + 63) & ~63 }
    let byteCount = sizes.reduce(64, +)
    block = .allocate(byteCount: byteCount, alignment: 64)
    block.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    for (index, base) in constants.bases.enumerated() {
      (bases - index - 1).initialize(to: base)
    }
    var offset = 0
    for (place, size) in sizes.enumerated() {
      (bases + place).initialize(to: block + offset)
      offset += size
    }
  }

  deinit {
    table.deallocate()
    block.deallocate()
  }

  @inline(__always)
  func base(_ place: Int) -> UnsafeMutableRawPointer { bases[place] }

  @inline(__always)
  func elements<Element: BitwiseCopyable>(
    _ place: Int, as type: Element.Type
  ) -> UnsafeMutablePointer<Element> {
    bases[place].assumingMemoryBound(to: type)
  }

  /// This row of the block gets no answer; other rows do. The first reason stands.
  func fail(_ row: Int, _ why: String) {
    let row = firstRow + row
    if !failures.contains(where: { $0.row == row }) { failures.append((row, why)) }
  }

  func beginRun() {
    if !failures.isEmpty { failures = [] }
    firstRow = 0
  }
}

/// One operator over a block of rows. Reads and writes places of the memory that it was made for.
///
/// Steps for several kinds of numbers name those that occur with `@_specialize`: called through this
/// protocol they would otherwise run as generic code, which takes ten times as long.
protocol PipelineStep: Sendable {
  func run(_ memory: ColumnMemory, rowCount: Int)
}

/// Where a step's operand lies, and how its elements are found row by row.
struct Operand: Sendable {
  let place: Int
  /// Elements from one row to the next; 0 for what is the same for every row.
  let rowStride: Int
  /// For each element of a row of the result which one of the operand's row it is; empty where they
  /// correspond one to one.
  let sources: [Int]
}

internal import Kernels

/// Memory in which one thread at a time walks. What large batches need is made when the first one
/// comes; rows up to a small block never allocate.
package final class TreeScratch {
  let places: UnsafeMutablePointer<UInt32>
  let small: Block
  private(set) lazy var large = Block(memory: memory, sizes: sizes, rowCount: Self.largeRows)
  private(set) lazy var conditions = memory.room(for: UInt8.self, count: sizes.conditionBytes)
  private let memory = TreeMemory()
  private let sizes: Sizes

  static let smallRows = 64
  static let largeRows = Int(apus_tree_slice_rows_max)

  /// What a row takes, and the table of conditions.
  struct Sizes {
    let rankStride: Int
    let columnCount: Int
    let outputCount: Int
    let placeCount: Int
    let conditionBytes: Int
  }

  /// Of some rows: their ranks, their sums in the ensemble's precision, and their values as Float32
  /// where they come as Float64.
  struct Block {
    let rowCount: Int
    let ranks: UnsafeMutablePointer<UInt8>
    let sums: UnsafeMutableRawPointer
    let floats: UnsafeMutablePointer<Float>

    init(memory: TreeMemory, sizes: Sizes, rowCount: Int) {
      self.rowCount = rowCount
      ranks = memory.room(for: UInt8.self, count: rowCount * sizes.rankStride)
      sums = UnsafeMutableRawPointer(
        memory.room(for: Double.self, count: rowCount * sizes.outputCount))
      floats = memory.room(for: Float.self, count: rowCount * sizes.columnCount)
    }
  }

  init(_ sizes: Sizes) {
    self.sizes = sizes
    places = memory.room(for: UInt32.self, count: sizes.placeCount)
    small = Block(memory: memory, sizes: sizes, rowCount: Self.smallRows)
  }
}

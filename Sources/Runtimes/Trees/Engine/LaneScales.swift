internal import Kernels

/// Scales side by side in the lanes of vectors, and which of them each slot has its rank from.
struct LaneScales {
  private(set) var lanes: [apus_tree_lanes] = []
  private(set) var slotScales: [UInt8]
  private(set) var slotMissingRanks: [UInt8]

  private static let width = 16
  private static let endsMax = 15

  /// Nil where there are no scales, or more than a vector of bytes has.
  ///
  /// - Parameter rankStride: bytes of a row's ranks, whole vectors.
  init?(_ scales: RankScales, rankStride: Int) {
    let all = scales.scales
    guard !all.isEmpty, all.count <= Int(apus_tree_lanes_max) else { return nil }
    slotScales = [UInt8](repeating: 0, count: rankStride)
    slotMissingRanks = slotScales
    for (number, scale) in all.enumerated() {
      set(scale.slots.0, UInt8(number), missing: scale.missing_ranks.0)
      set(scale.slots.1, UInt8(number), missing: scale.missing_ranks.1)
    }
    for first in stride(from: 0, to: all.count, by: Self.width) {
      let end = min(first + Self.width, all.count)
      lanes.append(Self.lanes(all[first..<end], scales.floatThresholds))
    }
  }

  private mutating func set(_ slot: UInt32, _ scale: UInt8, missing: UInt8) {
    slotScales[Int(slot)] = scale
    slotMissingRanks[Int(slot)] = missing
  }

  private static func lanes(
    _ scales: ArraySlice<apus_tree_scale>, _ thresholds: [Float]
  ) -> apus_tree_lanes {
    var lanes = apus_tree_lanes()
    let ends = scales.map { Array(thresholds[Int($0.first_threshold)...].prefix(endsMax)) }
    // A lane without a scale reads where the first one does.
    let blocks = scales.map { $0.first_threshold + UInt32(width) }
    let spare = [UInt32](repeating: blocks[0], count: width - blocks.count)
    withUnsafeMutableBytes(of: &lanes.first_blocks) {
      $0.copyBytes(from: (blocks + spare).withUnsafeBytes(Array.init))
    }
    withUnsafeMutableBytes(of: &lanes.columns) {
      $0.copyBytes(from: scales.map(\.column).withUnsafeBytes(Array.init))
    }
    withUnsafeMutableBytes(of: &lanes.ends) { bytes in
      let table = bytes.bindMemory(to: Float.self)
      for lane in 0..<width {
        for end in 0..<endsMax {
          table[end * width + lane] = lane < ends.count ? ends[lane][end] : .nan
        }
      }
    }
    for (lane, scale) in scales.enumerated() {
      lanes.used |= 1 << lane
      lanes.zero_is_missing |= UInt16(scale.zero_is_missing) << lane
    }
    let first = Int(scales[scales.startIndex].column)
    let isRow = scales.enumerated().allSatisfy { Int($1.column) == first + $0 }
    lanes.has_row_of_columns = isRow ? 1 : 0
    return lanes
  }
}

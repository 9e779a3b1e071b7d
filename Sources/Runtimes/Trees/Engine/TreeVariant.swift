internal import Kernels

/// Which instructions the engine's inner loops are written in. All give the same bits.
package enum TreeVariant: Sendable, CaseIterable {
  /// Plain C.
  case portable
  case avx2
  /// AVX-512 with F, BW, VL, VBMI and BITALG.
  case avx512
  /// Of arm64.
  case neon

  /// The fastest that this processor has.
  package static let best: TreeVariant =
    allCases.last { $0.isHere } ?? .portable

  package var isHere: Bool { apus_tree_variant_is_here(kernels) != 0 }

  var kernels: apus_tree_variant {
    switch self {
    case .portable: apus_trees_portable
    case .avx2: apus_trees_avx2
    case .avx512: apus_trees_avx512
    case .neon: apus_trees_neon
    }
  }
}

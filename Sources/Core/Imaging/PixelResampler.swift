import Inference
import Kernels

/// Turns a photo into a model's input in one pass over the output's rows: the source rows are
/// blended, the blend is resampled, the pixels are written in the tensor's form, all while the row
/// lies in the cache.
///
/// Weights have 14 bits and the row between the passes 7 fractional bits, so a pixel is at most
/// 1/255 from what Pillow or OpenCV give, which round to 8 bits in between.
struct PixelResampler {
  private let image: PixelImage
  private let letterbox: Letterbox
  private let variant: apus_variant
  /// Where the photo lies in the input.
  private let columns: Range<Int>
  private let rows: Range<Int>
  private let horizontal: AxisWeights
  private let vertical: AxisWeights

  /// The grey of a letterbox's borders, before normalisation.
  private static let borderGrey: UInt8 = 114

  init(image: PixelImage, letterbox: Letterbox, filter: ResizeFilter, variant: apus_variant) {
    self.image = image
    self.letterbox = letterbox
    self.variant = variant
    columns = Self.covered(
      offset: letterbox.offsetX, length: letterbox.resizedWidth, input: letterbox.inputWidth)
    rows = Self.covered(
      offset: letterbox.offsetY, length: letterbox.resizedHeight, input: letterbox.inputHeight)
    let offsetX = letterbox.offsetX
    let offsetY = letterbox.offsetY
    horizontal = AxisWeights(
      source: image.width, resized: letterbox.resizedWidth,
      window: columns.lowerBound - offsetX..<columns.upperBound - offsetX, filter: filter)
    vertical = AxisWeights(
      source: image.height, resized: letterbox.resizedHeight,
      window: rows.lowerBound - offsetY..<rows.upperBound - offsetY, filter: filter)
  }

  private static func covered(offset: Int, length: Int, input: Int) -> Range<Int> {
    max(0, offset)..<min(input, offset + length)
  }

  /// Gives each row of the input to `writer`, from the top.
  func write(to writer: PixelRowWriter) {
    let pixelBytes = letterbox.inputWidth * 4
    let border = [UInt8](repeating: Self.borderGrey, count: pixelBytes)
    // One pixel beyond the row, which the kernel may write where the count is odd.
    var pixels = border + [0, 0, 0, 0]
    if horizontal.isIdentity, vertical.isIdentity {
      writeUnresized(pixels: &pixels, border: border, writer: writer)
    } else {
      writeResized(pixels: &pixels, border: border, writer: writer)
    }
  }

  private func writeUnresized(
    pixels: inout [UInt8], border: [UInt8], writer: PixelRowWriter
  ) {
    let source = image.bytes.assumingMemoryBound(to: UInt8.self)
    let column = columns.lowerBound - letterbox.offsetX
    forEachRow(pixels: &pixels, border: border, writer: writer) { row, pixels in
      let start = (row - letterbox.offsetY) * image.width + column
      apus_widen_row(
        variant, source.baseAddress?.advanced(by: start * 3), columns.count,
        pixels + columns.lowerBound * 4)
    }
  }

  private func writeResized(
    pixels: inout [UInt8], border: [UInt8], writer: PixelRowWriter
  ) {
    let blendedCount = (image.width + horizontal.tapCount) * 3 + 16
    var blended = [Int16](repeating: 0, count: blendedCount)
    let spread = horizontal.columns
    let taps = vertical.tapCount
    withUnsafeTemporaryAllocation(of: UnsafePointer<UInt8>?.self, capacity: taps) { rowPointers in
      forEachRow(pixels: &pixels, border: border, writer: writer) { row, pixels in
        let place = row - rows.lowerBound
        point(rowPointers, atTapsOf: place)
        vertical.weights.withUnsafeBufferPointer { weights in
          apus_blend_rows(
            variant, rowPointers.baseAddress, weights.baseAddress?.advanced(by: place * taps),
            Int32(taps), image.width * 3, &blended)
        }
        resample(blended, spread: spread, into: pixels)
      }
    }
  }

  private func point(
    _ rowPointers: UnsafeMutableBufferPointer<UnsafePointer<UInt8>?>, atTapsOf place: Int
  ) {
    let source = image.bytes.assumingMemoryBound(to: UInt8.self)
    for tap in rowPointers.indices {
      // Taps beyond the last row have weight 0; any row will do for them.
      let row = min(Int(vertical.starts[place]) + tap, image.height - 1)
      rowPointers[tap] = source.baseAddress?.advanced(by: row * image.width * 3)
    }
  }

  private func resample(
    _ blended: [Int16], spread: (starts: [Int32], weights: [Int16]),
    into pixels: UnsafeMutablePointer<UInt8>
  ) {
    spread.starts.withUnsafeBufferPointer { starts in
      spread.weights.withUnsafeBufferPointer { weights in
        let places = apus_columns(
          starts: starts.baseAddress, weights: weights.baseAddress,
          pair_count: Int32(horizontal.tapCount / 2), pixel_count: Int32(starts.count))
        apus_resample_row(variant, blended, places, pixels + columns.lowerBound * 4)
      }
    }
    if spread.starts.count > columns.count {
      (pixels + columns.upperBound * 4).update(repeating: Self.borderGrey, count: 4)
    }
  }

  /// Calls `fill` for each row that the photo covers; the others are border.
  private func forEachRow(
    pixels: inout [UInt8], border: [UInt8], writer: PixelRowWriter,
    fill: (Int, UnsafeMutablePointer<UInt8>) -> Void
  ) {
    var border = border
    for row in 0..<letterbox.inputHeight {
      if rows.contains(row) {
        pixels.withUnsafeMutableBufferPointer { buffer in
          guard let base = buffer.baseAddress else { return }
          fill(row, base)
          writer.write(row: row, pixels: base)
        }
      } else {
        border.withUnsafeMutableBufferPointer { buffer in
          guard let base = buffer.baseAddress else { return }
          writer.write(row: row, pixels: base)
        }
      }
    }
  }
}

extension PixelForm {
  /// The variant of the inner loops that this processor runs fastest.
  private static let bestVariant = apus_best_variant()

  /// Fills `tensor` (at least `byteCount` bytes) with the photo, placed as `letterbox` says.
  package func fill(
    _ tensor: UnsafeMutableRawBufferPointer, with image: PixelImage, letterbox: Letterbox,
    filter: ResizeFilter
  ) {
    fill(
      tensor, with: image, letterbox: letterbox, filter: filter, variant: Self.bestVariant)
  }

  func fill(
    _ tensor: UnsafeMutableRawBufferPointer, with image: PixelImage, letterbox: Letterbox,
    filter: ResizeFilter, variant: apus_variant
  ) {
    precondition(letterbox.inputWidth == width && letterbox.inputHeight == height)
    precondition(tensor.count >= byteCount)
    guard let base = tensor.baseAddress else { return }
    PixelResampler(image: image, letterbox: letterbox, filter: filter, variant: variant)
      .write(to: PixelRowWriter(form: self, variant: variant, tensor: base))
  }
}

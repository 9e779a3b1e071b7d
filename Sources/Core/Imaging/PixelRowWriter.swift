import Inference
import Kernels

/// Writes rows of 4-byte pixels into a tensor of one form. Owned by one call of `PixelForm.fill`.
struct PixelRowWriter {
  private let form: PixelForm
  private let normalisation: apus_normalisation
  private let variant: apus_variant
  private let tensor: UnsafeMutableRawPointer
  /// Takes the two planes that a grey tensor does not have.
  private let unused: TensorStorage

  init(form: PixelForm, variant: apus_variant, tensor: UnsafeMutableRawPointer) {
    self.form = form
    self.variant = variant
    self.tensor = tensor
    normalisation = form.normalisation
    unused = TensorStorage(byteCount: form.channelCount == 1 ? form.width * 4 : 0)
  }

  /// `pixels` has the form's width; a grey form makes them grey in place.
  func write(row: Int, pixels: UnsafeMutablePointer<UInt8>) {
    if form.channelCount == 1 { apus_grey_row(pixels, form.width) }
    switch form.datatype {
    case .float32: writeFloats(row: row, pixels: pixels)
    case .float16: writeHalves(row: row, pixels: pixels)
    default: writeBytes(row: row, pixels: pixels)
    }
  }

  private var isPlanar: Bool { form.layout == .planar || form.channelCount == 1 }

  /// Where the row of a plane starts, or of all channels where they are interleaved.
  private func place<Element>(
    _ type: Element.Type, row: Int, plane: Int
  ) -> UnsafeMutablePointer<Element> {
    if plane > 0, form.channelCount == 1, let base = unused.hostBytesForFilling?.baseAddress {
      return base.assumingMemoryBound(to: type)
    }
    let perRow = isPlanar ? form.width : form.width * 3
    return tensor.assumingMemoryBound(to: type) + (plane * form.height * form.width + row * perRow)
  }

  private func writeFloats(row: Int, pixels: UnsafePointer<UInt8>) {
    if isPlanar {
      apus_planes_float(
        variant, pixels, form.width, normalisation, place(Float.self, row: row, plane: 0),
        place(Float.self, row: row, plane: 1), place(Float.self, row: row, plane: 2))
    } else {
      apus_interleaved_float(
        variant, pixels, form.width, normalisation, place(Float.self, row: row, plane: 0))
    }
  }

  private func writeHalves(row: Int, pixels: UnsafePointer<UInt8>) {
    if isPlanar {
      apus_planes_half(
        variant, pixels, form.width, normalisation, place(UInt16.self, row: row, plane: 0),
        place(UInt16.self, row: row, plane: 1), place(UInt16.self, row: row, plane: 2))
    } else {
      apus_interleaved_half(
        pixels, form.width, normalisation, place(UInt16.self, row: row, plane: 0))
    }
  }

  private func writeBytes(row: Int, pixels: UnsafePointer<UInt8>) {
    if isPlanar {
      apus_planes_byte(
        variant, pixels, form.width, place(UInt8.self, row: row, plane: 0),
        place(UInt8.self, row: row, plane: 1), place(UInt8.self, row: row, plane: 2))
    } else {
      apus_interleaved_byte(pixels, form.width, place(UInt8.self, row: row, plane: 0))
    }
  }
}

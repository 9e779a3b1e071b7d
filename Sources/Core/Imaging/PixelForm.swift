package import Inference
import Kernels

/// How a model wants pixels: element type, size, channels and their order, and the numbers.
package struct PixelForm: Sendable, Equatable {
  /// `float32`, `float16` or `uint8`. Bytes are given as they are, without normalisation.
  package let datatype: Datatype
  package let width: Int
  package let height: Int
  /// 3, or 1 for grey.
  package let channelCount: Int
  package let layout: PixelLayout
  /// Per channel, in units of 0..1: value = (byte / 255 - mean) / deviation.
  package let mean: [Float]
  package let deviation: [Float]

  /// `nil` where the datatype is none of the three, or there are neither 1 nor 3 channels; `mean`
  /// and `deviation` have one value for all channels or one for each.
  package init?(
    datatype: Datatype, width: Int, height: Int, channelCount: Int, layout: PixelLayout,
    mean: [Float] = [0], deviation: [Float] = [1]
  ) {
    guard [.float32, .float16, .uint8].contains(datatype), [1, 3].contains(channelCount),
      width > 0, height > 0, [1, 3].contains(mean.count), [1, 3].contains(deviation.count),
      !deviation.contains(0)
    else { return nil }
    self.datatype = datatype
    self.width = width
    self.height = height
    self.channelCount = channelCount
    self.layout = layout
    self.mean = mean.count == 3 ? mean : [Float](repeating: mean[0], count: 3)
    self.deviation = deviation.count == 3 ? deviation : [Float](repeating: deviation[0], count: 3)
  }

  /// Bytes of one photo in this form.
  package var byteCount: Int { width * height * channelCount * (datatype.elementByteCount ?? 0) }

  var normalisation: apus_normalisation {
    apus_normalisation(
      offset: (mean[0] * 255, mean[1] * 255, mean[2] * 255),
      divisor: (deviation[0] * 255, deviation[1] * 255, deviation[2] * 255))
  }
}

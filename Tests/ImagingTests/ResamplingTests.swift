import Inference
import Kernels
import PhotoSamples
import Testing

@testable import Imaging

/// A picture resized by Pillow or OpenCV.
struct ResizedPicture: Sendable, CustomTestStringConvertible {
  let source: String
  let filter: ResizeFilter
  let width: Int
  let height: Int
  let pixels: [UInt8]

  var testDescription: String { "\(source) \(filter) \(width)x\(height)" }

  static let all = SeenPhoto.lines(of: "resized.txt").map { fields in
    ResizedPicture(
      source: "resize-\(fields[0]).png", filter: ResizeFilter(rawValue: fields[1])!,
      width: Int(fields[2])!, height: Int(fields[3])!, pixels: SeenPhoto.bytes(fields[4]))
  }
}

let variants: [apus_variant] =
  apus_best_variant() == apus_portable ? [apus_portable] : [apus_portable, apus_best_variant()]

/// The photo as this form, as elements of a type.
func filled<Element: BitwiseCopyable>(
  _ form: PixelForm, with image: PixelImage, letterbox: Letterbox, filter: ResizeFilter = .pillow,
  variant: apus_variant, as type: Element.Type
) -> [Element] {
  let storage = TensorStorage(byteCount: form.byteCount)
  form.fill(
    storage.hostBytesForFilling!, with: image, letterbox: letterbox, filter: filter,
    variant: variant)
  return (0..<form.byteCount / MemoryLayout<Element>.stride).map {
    storage.hostBytes!.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.stride, as: type)
  }
}

func stretched(_ image: PixelImage, width: Int, height: Int) -> Letterbox {
  Letterbox(
    width: image.width, height: image.height, resizedWidth: width, resizedHeight: height,
    offsetX: 0, offsetY: 0, inputWidth: width, inputHeight: height)
}

@Suite struct ResamplingTests {
  @Test(arguments: ResizedPicture.all, variants)
  func `a resized picture is within one of Pillow's and OpenCV's`(
    _ picture: ResizedPicture, _ variant: apus_variant
  ) throws {
    let image = try decode(PhotoSamples.fixture(picture.source))
    let form = try #require(
      PixelForm(
        datatype: .uint8, width: picture.width, height: picture.height, channelCount: 3,
        layout: .interleaved))
    let pixels = filled(
      form, with: image, letterbox: stretched(image, width: picture.width, height: picture.height),
      filter: picture.filter, variant: variant, as: UInt8.self)
    #expect(largestDifference(pixels, picture.pixels) <= 1)
  }

  @Test(arguments: variants)
  func `all pixel values become what a division by 255 makes of them`(
    _ variant: apus_variant
  ) throws {
    let image = ramp()
    let form = try #require(
      PixelForm(datatype: .float32, width: 256, height: 2, channelCount: 3, layout: .planar))
    let values = filled(
      form, with: image, letterbox: stretched(image, width: 256, height: 2), variant: variant,
      as: Float.self)
    for channel in 0..<3 {
      for x in 0..<256 {
        #expect(values[channel * 512 + x] == Float((x + channel * 50) % 256) / 255)
      }
    }
  }

  @Test(arguments: variants)
  func `every layout and datatype holds the same pixels`(_ variant: apus_variant) throws {
    let image = ramp()
    let letterbox = stretched(image, width: 256, height: 2)
    func form(_ datatype: Datatype, _ layout: PixelLayout) throws -> PixelForm {
      try #require(
        PixelForm(
          datatype: datatype, width: 256, height: 2, channelCount: 3, layout: layout,
          mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225]))
    }
    let mean: [Float] = [0.485, 0.456, 0.406]
    let deviation: [Float] = [0.229, 0.224, 0.225]
    for layout in PixelLayout.allCases {
      let floats = filled(
        try form(.float32, layout), with: image, letterbox: letterbox, variant: variant,
        as: Float.self)
      let halves = filled(
        try form(.float16, layout), with: image, letterbox: letterbox, variant: variant,
        as: Float16.self)
      let bytes = filled(
        try form(.uint8, layout), with: image, letterbox: letterbox, variant: variant,
        as: UInt8.self)
      for index in floats.indices {
        let channel = layout == .planar ? index / 512 : index % 3
        let pixel = layout == .planar ? index % 512 : index / 3
        let byte = image.bytes[pixel * 3 + channel]
        let exact = (Float(byte) / 255 - mean[channel]) / deviation[channel]
        #expect(abs(floats[index] - exact) < 1e-5)
        #expect(halves[index] == Float16(floats[index]))
        #expect(bytes[index] == byte)
      }
    }
  }

  @Test(arguments: variants)
  func `a grey input holds the luma`(_ variant: apus_variant) throws {
    let image = ramp()
    let form = try #require(
      PixelForm(datatype: .float32, width: 256, height: 2, channelCount: 1, layout: .planar))
    let values = filled(
      form, with: image, letterbox: stretched(image, width: 256, height: 2), variant: variant,
      as: Float.self)
    for x in 0..<256 {
      let (red, green, blue) = (x, (x + 50) % 256, (x + 100) % 256)
      let luma = (red * 19595 + green * 38470 + blue * 7471 + 32768) >> 16
      #expect(values[x] == Float(luma) / 255)
    }
  }

  @Test(arguments: variants, [ResizeFilter.pillow, .opencv])
  func `an even surface keeps its colour at any size`(
    _ variant: apus_variant, _ filter: ResizeFilter
  ) throws {
    let image = PixelImage(width: 301, height: 17)
    image.bytesForFilling.initializeMemory(as: UInt8.self, repeating: 201)
    for (width, height) in [(7, 5), (640, 3), (300, 17), (1, 1), (5, 200)] {
      let form = try #require(
        PixelForm(
          datatype: .uint8, width: width, height: height, channelCount: 3, layout: .planar))
      let pixels = filled(
        form, with: image, letterbox: stretched(image, width: width, height: height),
        filter: filter, variant: variant, as: UInt8.self)
      #expect(pixels.allSatisfy { $0 == 201 })
    }
  }

  @Test(arguments: variants)
  func `borders are grey on every side of the photo`(_ variant: apus_variant) throws {
    let image = PixelImage(width: 31, height: 11)
    image.bytesForFilling.initializeMemory(as: UInt8.self, repeating: 9)
    for (width, height) in [(31, 40), (50, 11), (19, 40), (47, 11), (17, 17)] {
      let letterbox = Letterbox.fitting(
        width: 31, height: 11, inputWidth: width, inputHeight: height)
      let form = try #require(
        PixelForm(
          datatype: .uint8, width: width, height: height, channelCount: 3, layout: .planar))
      let pixels = filled(
        form, with: image, letterbox: letterbox, variant: variant, as: UInt8.self)
      for index in pixels.indices {
        let x = index % width - letterbox.offsetX
        let y = index / width % height - letterbox.offsetY
        let isInside =
          (0..<letterbox.resizedWidth).contains(x) && (0..<letterbox.resizedHeight).contains(y)
        #expect(pixels[index] == (isInside ? 9 : 114))
      }
    }
  }

  @Test(arguments: variants)
  func `a centre crop takes the middle`(_ variant: apus_variant) throws {
    let image = ramp()
    let letterbox = Letterbox.centreCrop(
      width: 256, height: 2, inputWidth: 2, inputHeight: 2, fraction: 1)
    #expect(letterbox.offsetX == -127 && letterbox.resizedWidth == 256)
    let form = try #require(
      PixelForm(datatype: .uint8, width: 2, height: 2, channelCount: 3, layout: .planar))
    let pixels = filled(
      form, with: image, letterbox: letterbox, variant: variant, as: UInt8.self)
    #expect(Array(pixels.prefix(4)) == [127, 128, 127, 128])
  }

  /// 256 by 2, each channel a ramp over all values, shifted by 50 from the one before.
  private func ramp() -> PixelImage {
    let image = PixelImage(width: 256, height: 2)
    for pixel in 0..<512 {
      for channel in 0..<3 {
        image.bytesForFilling[pixel * 3 + channel] = UInt8((pixel % 256 + channel * 50) % 256)
      }
    }
    return image
  }
}

@Suite(.enabled(if: PhotoSamples.hasSharedData, Comment(rawValue: PhotoSamples.absence)))
struct BusLetterboxTests {
  @Test(arguments: variants)
  func `the letterboxed bus is within one of Pillow's in every pixel`(
    _ variant: apus_variant
  ) throws {
    let bus = try decode(PhotoSamples.shared("images/bus.jpg"), atLeast: (480, 640))
    #expect(bus.width == 810 && bus.height == 1080)
    let letterbox = Letterbox.fitting(
      width: bus.width, height: bus.height, inputWidth: 640, inputHeight: 640)
    let form = try #require(
      PixelForm(datatype: .uint8, width: 640, height: 640, channelCount: 3, layout: .interleaved))
    let pixels = filled(form, with: bus, letterbox: letterbox, variant: variant, as: UInt8.self)
    let expected = PhotoSamples.array("yolo/bus-letterbox640-rgb-u8.npy", of: UInt8.self)
    #expect(pixels.count == expected.count)
    #expect(largestDifference(pixels, expected) <= 1)
  }

  @Test func `a photo far larger than its use is decoded at a fraction`() throws {
    let file = PhotoSamples.shared("images/bus.jpg")
    for (target, width) in [((405, 540), 405), ((406, 540), 810), ((203, 270), 203), ((1, 1), 102)]
    {
      let image = try decode(file, atLeast: (target.0, target.1))
      #expect(image.width == width)
      #expect(image.originalWidth == 810 && image.originalHeight == 1080)
    }
  }
}

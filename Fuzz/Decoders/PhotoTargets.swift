import Inference
import Vision
import WireFormats

@testable import Imaging

func fuzzPhotoJSON(_ bytes: UnsafeRawBufferPointer) {
  do throws(InputProblem) {
    let request = try PhotoRequest.read(bytes, contentType: "application/json")
    guard case .decoded(let photo) = request.photo else { fatalError("JSON holds text") }
    require(!photo.isEmpty && photo.count <= bytes.count / 4 * 3, "base64 shrinks to 3/4")
    let text = Array(#"{"image":{"b64":""#.utf8) + base64(photo) + Array(#""}}"#.utf8)
    let again = try text.withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in
        try PhotoRequest.read(bytes, contentType: "application/json")
      }
    }.get()
    require(again.photo == request.photo, "the photo, written and read again, is the same")
  } catch {
    requireSentence(error)
  }
}

/// RFC 4648, section 4, with padding.
private func base64(_ bytes: [UInt8]) -> [UInt8] {
  let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var text: [UInt8] = []
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = bytes[start..<min(start + 3, bytes.count)]
    let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
    for place in 0..<4 {
      let letter = letters[bits >> (18 - 6 * place) & 63]
      text.append(place <= group.count ? letter : UInt8(ascii: "="))
    }
  }
  return text
}

/// Parts lie in the body, one after the other, and a form of the same parts reads as the same.
func fuzzMultipart(_ bytes: UnsafeRawBufferPointer) {
  guard let lineEnd = bytes.firstIndex(of: 10) else { return }
  let body = UnsafeRawBufferPointer(rebasing: bytes[(lineEnd + 1)...])
  do throws(InputProblem) {
    let contentType = String(decoding: bytes[..<lineEnd], as: UTF8.self)
    guard let boundary = try MultipartForm.boundary(contentType: contentType) else { return }
    let form = try MultipartForm(parsing: body, boundary: boundary)
    var end = 0
    for part in form.parts {
      require(
        part.content.lowerBound >= end && part.content.upperBound <= body.count,
        "part \(part) after \(end), within \(body.count)")
      end = part.content.upperBound
    }
    let again = try written(form, from: body, boundary: boundary).withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in
        try MultipartForm(parsing: bytes, boundary: boundary).parts.map {
          ($0.name, Array(bytes[$0.content]))
        }
      }
    }.get()
    require(again.count == form.parts.count, "as many parts")
    for (part, (name, content)) in zip(form.parts, again) {
      require(part.name == name, "the name \(part.name.debugDescription) stays the same")
      require(body[part.content].elementsEqual(content), "the content of \(name) stays the same")
    }
  } catch {
    requireSentence(error)
  }
}

private func written(
  _ form: MultipartForm, from body: UnsafeRawBufferPointer, boundary: String
) -> [UInt8] {
  var text: [UInt8] = []
  for part in form.parts {
    text += "--\(boundary)\r\nContent-Disposition: form-data; name=\"".utf8
    for byte in part.name.utf8 {
      if byte == 0x22 || byte == 0x5C { text.append(0x5C) }
      text.append(byte)
    }
    text += "\"\r\n\r\n".utf8
    text += body[part.content]
    text += "\r\n".utf8
  }
  return text + "--\(boundary)--".utf8
}

/// A photo has the size that its header declared, within the limits, whole and reduced.
func fuzzImage(_ bytes: UnsafeRawBufferPointer) {
  let limits = ImageLimits(pixelsMax: 1 << 18, workingBytesMax: 4 << 20)
  do throws(ImageProblem) {
    let image = try EncodedImage(bytes, limits: limits)
    require(image.width > 0 && image.height > 0, "an image has pixels")
    require(image.width * image.height <= limits.pixelsMax, "an image is within the limits")
    let pixels = try image.decoded()
    require(
      (pixels.width, pixels.height) == (image.width, image.height), "the size of the header")
    require(pixels.bytes.count == image.width * image.height * 3, "3 bytes a pixel")
    let wanted = (width: max(1, image.width / 3), height: max(1, image.height / 3))
    let reduced = try image.decoded(atLeast: wanted)
    require(
      reduced.width >= wanted.width && reduced.height >= wanted.height, "at least what was asked")
    require(
      (reduced.originalWidth, reduced.originalHeight) == (image.width, image.height),
      "a reduced image knows its size")
  } catch {
    requireSentence(.image(error))
  }
}

/// A TIFF block says one of 8 orientations, and the same one inside a JPEG.
func fuzzEXIF(_ bytes: UnsafeRawBufferPointer) {
  let orientation = Orientation(tiff: ByteView(bytes: bytes))
  require((1...8).contains(orientation.code), "orientation \(orientation.code) exists")
  _ = JPEGMarkers(bytes).hasEnd
  let length = bytes.count + 8
  guard length <= 65_535 else { return }
  var file: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)]
  file += Array("Exif".utf8) + [0, 0]
  file += bytes
  file.withUnsafeBytes {
    require(JPEGMarkers($0).orientation == orientation, "a JPEG's markers find the same")
  }
}

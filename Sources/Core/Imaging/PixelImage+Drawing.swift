extension PixelImage {
  /// Draws boxes and their texts, the last on top. Only before the image is handed on; what lies
  /// outside is cut off.
  package func draw(_ boxes: [LabelledBox]) {
    let canvas = Canvas(self)
    for box in boxes { canvas.draw(box) }
  }
}

/// Paints into an image that nobody else sees yet.
private struct Canvas {
  private let pixels: UnsafeMutableRawBufferPointer
  private let width: Int
  private let height: Int
  /// Pixels that one dot of the font, and half a line's width, take.
  private let scale: Int

  init(_ image: PixelImage) {
    pixels = image.bytesForFilling
    width = image.width
    height = image.height
    // At 640 pixels a letter is 14 high, and grows with the photo.
    scale = max(1, (max(image.width, image.height) + 160) / 320)
  }

  func draw(_ box: LabelledBox) {
    let x1 = pixel(box.x1, max: width)
    let x2 = pixel(box.x2, max: width)
    let y1 = pixel(box.y1, max: height)
    let y2 = pixel(box.y2, max: height)
    let line = max(2, scale)
    fill(x: x1..<x2, y: y1..<min(y1 + line, y2), box.colour)
    fill(x: x1..<x2, y: max(y2 - line, y1)..<y2, box.colour)
    fill(x: x1..<min(x1 + line, x2), y: y1..<y2, box.colour)
    fill(x: max(x2 - line, x1)..<x2, y: y1..<y2, box.colour)
    label(box, x: x1, y: y1)
  }

  /// The text on a plate above the box, or inside where there is no room above.
  private func label(_ box: LabelledBox, x: Int, y: Int) {
    let letters = box.text.unicodeScalars
    let advance = (BitmapFont.width + 1) * scale
    let plateWidth = min(letters.count * advance + scale, width)
    let plateHeight = (BitmapFont.height + 2) * scale
    let left = max(0, min(x, width - plateWidth))
    let top = y >= plateHeight ? y - plateHeight : y
    fill(x: left..<left + plateWidth, y: top..<top + plateHeight, box.colour)
    for (index, letter) in letters.enumerated() {
      draw(letter, x: left + scale + index * advance, y: top + scale, box.colour.contrast)
    }
  }

  private func draw(_ letter: Unicode.Scalar, x: Int, y: Int, _ colour: Colour) {
    for row in 0..<BitmapFont.height {
      for column in 0..<BitmapFont.width where BitmapFont.isSet(letter, x: column, y: row) {
        let left = x + column * scale
        let top = y + row * scale
        fill(x: left..<left + scale, y: top..<top + scale, colour)
      }
    }
  }

  private func pixel(_ coordinate: Float, max: Int) -> Int {
    coordinate.isFinite ? Int(Swift.min(Swift.max(coordinate, 0), Float(max))) : 0
  }

  private func fill(x: Range<Int>, y: Range<Int>, _ colour: Colour) {
    let columns = x.clamped(to: 0..<width)
    for row in y.clamped(to: 0..<height) {
      for column in columns {
        let place = (row * width + column) * 3
        pixels[place] = colour.red
        pixels[place + 1] = colour.green
        pixels[place + 2] = colour.blue
      }
    }
  }
}

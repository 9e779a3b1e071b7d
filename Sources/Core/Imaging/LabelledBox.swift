/// A rectangle to be drawn on a photo, with a text above it. Coordinates in pixels of the photo.
package struct LabelledBox: Sendable {
  package let x1: Float
  package let y1: Float
  package let x2: Float
  package let y2: Float
  /// Printable ASCII is drawn as it is, anything else as a filled place.
  package let text: String
  package let colour: Colour

  package init(x1: Float, y1: Float, x2: Float, y2: Float, text: String, colour: Colour) {
    self.x1 = x1
    self.y1 = y1
    self.x2 = x2
    self.y2 = y2
    self.text = text
    self.colour = colour
  }
}

/// A colour of a photo.
package struct Colour: Sendable, Equatable {
  let red: UInt8
  let green: UInt8
  let blue: UInt8

  static let black = Colour(red: 0, green: 0, blue: 0)
  static let white = Colour(red: 255, green: 255, blue: 255)

  /// A strong colour for each number; near numbers get colours far apart, by stepping round the
  /// colour circle by the golden angle.
  package static func distinct(_ number: Int) -> Colour {
    let hue =
      Double((number &* 222_492) % 360_000 + 360_000).truncatingRemainder(
        dividingBy: 360_000) / 60_000
    let lightness = number / 12 % 2 == 0 ? 1.0 : 0.75
    func channel(_ shift: Double) -> UInt8 {
      let place = (hue + shift).truncatingRemainder(dividingBy: 6)
      let share = min(max(abs(place - 3) - 1, 0), 1)
      return UInt8((share * 0.85 + 0.15) * lightness * 255)
    }
    return Colour(red: channel(0), green: channel(4), blue: channel(2))
  }

  /// Black or white, whichever is easier to read on this.
  var contrast: Colour {
    let luma = Int(red) * 299 + Int(green) * 587 + Int(blue) * 114
    return luma > 128_000 ? .black : .white
  }
}

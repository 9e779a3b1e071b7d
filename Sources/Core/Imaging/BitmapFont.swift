/// Letters of 5 by 7 dots for texts on photos: the printable characters of ASCII.
enum BitmapFont {
  static let width = 5
  static let height = 7

  /// Whether a dot of a letter is set; all dots are, for what is not in the font.
  static func isSet(_ letter: Unicode.Scalar, x: Int, y: Int) -> Bool {
    guard (32...126).contains(letter.value) else { return true }
    let digit = glyphs[(Int(letter.value) - 32) * height + y]
    let row =
      digit >= UInt8(ascii: "a") ? digit - UInt8(ascii: "a") + 10 : digit - UInt8(ascii: "0")
    return row >> UInt8(width - 1 - x) & 1 == 1
  }

  /// Seven digits a letter from space to `~`, one for each row from the top: its five dots as a
  /// number of base 32, the leftmost dot worth 16.
  private static let glyphs = Array(
    """
    00000004444404aa00000avaava04fke5u4pq248bjcik8lid4400000\
    2488842842224804lel40044v4400000c48000v00000000cc11248gg\
    ehjlphe4c4444eeh1248vv2421he26aiv22vgu11he68guhhev124888\
    ehhehheehhf12c0cc0cc00cc0c48248g84200v0v008421248eh12404\
    eh1dlleehhvhhhuhhuhhuehggghesihhhisvgguggvvggugggehgnhhf\
    hhhvhhhe44444e72222ichikokihggggggvhrllhhhhhpljhhehhhhhe\
    uhhugggehhhliduhhukihfgge11uv444444hhhhhhehhhhha4hhhllla\
    hha4ahhhha4444v1248gve88888egg84211e22222e4ah0000000000v\
    840000000e1fhfggmphhu00egghe11djhhf00ehvge698s8880fhhf1e\
    ggmphhh40c444e20622icggikokic44444e00qllhh00mphhh00ehhhe\
    00uhugg00djf1100mpggg00ege1u88s889600hhhjd00hhha400hhlla\
    00ha4ah00hhf1e00v248v244844244444448442448008l200
    """.utf8)
}

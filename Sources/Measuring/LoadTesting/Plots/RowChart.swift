/// Values or ratios one below the other, each in a row with its name: what differs, and how sure that is.
///
/// A value; `svg` draws it as high as it has rows.
package struct RowChart: Sendable {
  /// What a row shows beside its name.
  package enum Content: Sendable, Equatable {
    /// A bar from 0.
    case bar(Double)
    /// A value and between which bounds it is to be looked for.
    case interval(low: Double, value: Double, high: Double)
  }

  package enum Tone: String, Sendable { case plain = "0", soft, good, bad }

  package struct Row: Sendable {
    let name: String
    let content: Content
    /// Written beside it.
    let text: String
    let tone: Tone

    package init(_ name: String, _ content: Content, _ text: String, _ tone: Tone = .plain) {
      self.name = name
      self.content = content
      self.text = text
      self.tone = tone
    }
  }

  package var title: String
  package var summary: String
  package var axis: ChartAxis
  /// A line through all rows: where a ratio says that there is no difference.
  package var reference: Double?
  package var rows: [Row]

  /// More are left out; nobody reads them.
  package static let rowsMax = 40

  package init(
    title: String, summary: String, axis: ChartAxis, reference: Double? = nil, rows: [Row]
  ) {
    self.title = title
    self.summary = summary
    self.axis = axis
    self.reference = reference
    self.rows = Array(rows.prefix(Self.rowsMax))
  }

  package func svg(_ size: Chart.Size = .wide, isStandalone: Bool = false) -> String {
    let top = isStandalone ? 30.0 : 6
    let height = top + Double(rows.count) * rowHeight(size) + 40
    let own = Chart.Size(width: size.width, height: height)
    var markup = Markup()
    PlotFrame.svg(&markup, own, title: title, summary: summary, isStandalone: isStandalone) {
      draw(own, top: top, &$0)
    }
    return markup.text
  }

  /// On a narrow plot the name stands above its row.
  private func isNarrow(_ size: Chart.Size) -> Bool { size.width < 500 }
  private func rowHeight(_ size: Chart.Size) -> Double { isNarrow(size) ? 42 : 28 }

  private func draw(_ size: Chart.Size, top: Double, _ markup: inout Markup) {
    let names = rows.map { TextRoom.clipped($0.name, to: isNarrow(size) ? 50 : 32) }
    let nameRoom = isNarrow(size) ? 8 : (names.map(TextRoom.width).max() ?? 0) + 12
    let textRoom = isNarrow(size) ? 8 : (rows.map { TextRoom.width($0.text) }.max() ?? 0) + 12
    let range = PlotRange(
      scale: axis.scale, values: values,
      pixels: (nameRoom, max(nameRoom + 60, size.width - textRoom))
    )
    let bottom = size.height - 36
    drawAxis(range, size, top: top, bottom: bottom, &markup)
    for (index, row) in rows.enumerated() {
      let y = top + (Double(index) + (isNarrow(size) ? 0.7 : 0.5)) * rowHeight(size)
      draw(row, names[index], at: y, range, size, &markup)
    }
  }

  private var values: ClosedRange<Double> {
    let all = rows.flatMap { row -> [Double] in
      switch row.content {
      case .bar(let value): [0, value]
      case .interval(let low, let value, let high): [low, value, high]
      }
    }
    let placed = (all + axis.including + [reference].compactMap { $0 })
      .filter { axis.scale.measure($0) != nil }
    guard let low = placed.min(), let high = placed.max(), high > low else {
      return (placed.first ?? 0) - 1...(placed.first ?? 0) + 1
    }
    return low...high
  }

  private func drawAxis(
    _ range: PlotRange, _ size: Chart.Size, top: Double, bottom: Double, _ markup: inout Markup
  ) {
    let width = range.pixels.to - range.pixels.from
    let ticks = PlotTicks(axis.scale, range.values, count: max(2, Int(width / 80)), axis.kind)
    for (value, text) in zip(ticks.values, ticks.labels) {
      guard let x = range.pixel(value) else { continue }
      line(x, top, bottom, "grid", &markup)
      let center = ChartFrame.within(x, TextRoom.width(text), 0, size.width)
      self.text(text, center, bottom + 15, "tick", "middle", &markup)
    }
    if let reference, let x = range.pixel(reference) { line(x, top, bottom, "mark", &markup) }
    text(axis.label, range.pixels.to, bottom + 31, "unit", "end", &markup)
  }

  private func draw(
    _ row: Row, _ name: String, at y: Double, _ range: PlotRange, _ size: Chart.Size,
    _ markup: inout Markup
  ) {
    let nameHeight = isNarrow(size) ? y - 13 : y + 4
    text(name, isNarrow(size) ? 8 : 4, nameHeight, "name", "start", &markup)
    text(row.text, size.width - 4, nameHeight, "marked", "end", &markup)
    let from = Pixel.text(y - 7)
    switch row.content {
    case .bar(let value):
      guard let left = range.pixel(0), let right = range.pixel(value) else { return }
      markup.empty(
        "rect",
        [
          "class": "bars f\(row.tone.rawValue)", "x": Pixel.text(left), "y": from,
          "width": Pixel.text(max(1, right - left)), "height": "14",
        ])
    case .interval(let low, let value, let high):
      guard let left = range.pixel(low), let middle = range.pixel(value),
        let right = range.pixel(high)
      else { return }
      let ends = "M\(Pixel.text(left)) \(from)v14M\(Pixel.text(right)) \(from)v14"
      let path = "M\(Pixel.text(left)) \(Pixel.text(y))H\(Pixel.text(right))" + ends
      markup.empty("path", ["class": "line s\(row.tone.rawValue)", "d": path])
      markup.empty(
        "circle",
        [
          "class": "f\(row.tone.rawValue)", "cx": Pixel.text(middle), "cy": Pixel.text(y),
          "r": "4.5",
        ])
    }
  }

  private func line(
    _ x: Double, _ top: Double, _ bottom: Double, _ name: String, _ markup: inout Markup
  ) {
    let x = Pixel.text(x)
    markup.empty(
      "line",
      ["class": name, "x1": x, "y1": Pixel.text(top), "x2": x, "y2": Pixel.text(bottom)])
  }

  private func text(
    _ text: String, _ x: Double, _ y: Double, _ name: String, _ anchor: String,
    _ markup: inout Markup
  ) {
    markup.element(
      "text", ["class": name, "x": Pixel.text(x), "y": Pixel.text(y), "text-anchor": anchor], text)
  }
}

/// Draws one chart in its frame.
struct ChartDrawing {
  let chart: Chart
  let frame: ChartFrame

  func draw(_ markup: inout Markup) {
    drawLegend(&markup)
    drawAxes(&markup)
    for series in chart.series { draw(series, &markup) }
    drawMarks(&markup)
  }

  // MARK: Around the plot

  private func drawLegend(_ markup: inout Markup) {
    for (line, series) in frame.legendLines.enumerated() {
      var place = 4.0
      let y = frame.titleHeight + 14 + Double(line) * TextRoom.lineHeight
      for each in series {
        drawKey(of: each, at: place, y - 4, &markup)
        label(each.name, x: place + 26, y: y, class: "name", &markup)
        place += ChartFrame.legendRoom(each)
      }
    }
  }

  private func drawKey(of series: ChartSeries, at x: Double, _ y: Double, _ markup: inout Markup) {
    switch series.shape {
    case .line, .dottedLine:
      line(
        (x, y), (x + 20, y), class: "line s\(series.colorNumber)", &markup)
    case .dots: dot(x + 10, y, class: "f\(series.colorNumber)", &markup)
    case .bars, .band:
      markup.empty(
        "rect",
        [
          "class": "\(series.fillName) f\(series.colorNumber)", "x": Pixel.text(x),
          "y": Pixel.text(y - 5), "width": "20", "height": "10",
        ])
    }
  }

  private func drawAxes(_ markup: inout Markup) {
    let (left, right, bottom) = (frame.left, frame.right, frame.bottom)
    for (value, text) in zip(frame.yTicks.values, frame.yTicks.labels) {
      guard let y = frame.y.pixel(value) else { continue }
      line((left, y), (right, y), class: "grid", &markup)
      label(text, x: left - 6, y: y + 4, anchor: "end", class: "tick", &markup)
    }
    for (value, text) in zip(frame.xTicks.values, frame.xTicks.labels) {
      guard let x = frame.x.pixel(value) else { continue }
      line((x, bottom), (x, bottom + 4), class: "axis", &markup)
      // Labels at the ends stay within the picture.
      let center = ChartFrame.within(x, TextRoom.width(text), 0, frame.size.width)
      label(text, x: center, y: bottom + 17, anchor: "middle", class: "tick", &markup)
    }
    line((left, bottom), (right, bottom), class: "axis", &markup)
    let height = frame.titleHeight + TextRoom.lineHeight * Double(frame.legendLines.count) + 12
    label(chart.y.label, x: 4, y: height, class: "unit", &markup)
    label(
      chart.x.label, x: right, y: bottom + 33, anchor: "end", class: "unit", &markup)
  }

  private func drawMarks(_ markup: inout Markup) {
    let legend = Double(frame.legendLines.count) * TextRoom.lineHeight
    let vertical = chart.marks.filter { $0.direction == .vertical }
    for (mark, lineNumber) in zip(vertical, frame.markLines) {
      guard let x = frame.x.pixel(mark.value) else { continue }
      let y = frame.titleHeight + legend + 30 + Double(lineNumber) * TextRoom.lineHeight
      line((x, y + 3), (x, frame.bottom), class: "mark", &markup)
      let center = ChartFrame.within(x, TextRoom.width(mark.text), frame.left, frame.right)
      label(mark.text, x: center, y: y, anchor: "middle", class: "marked", &markup)
    }
    for mark in chart.marks where mark.direction == .horizontal {
      guard let y = frame.y.pixel(mark.value) else { continue }
      line((frame.left, y), (frame.right, y), class: "mark", &markup)
      label(mark.text, x: frame.right, y: y - 4, anchor: "end", class: "marked", &markup)
    }
  }

  // MARK: Series

  private func draw(_ series: ChartSeries, _ markup: inout Markup) {
    switch series.shape {
    case .line(let points): drawLine(points, series, &markup)
    case .dottedLine(let points):
      drawLine(points, series, &markup)
      drawDots(points, series, &markup)
    case .dots(let points): drawDots(points, series, &markup)
    case .bars(let bars): drawBars(bars, series, &markup)
    case .band(let bands): drawBand(bands, series, &markup)
    }
  }

  private func drawLine(
    _ points: [ChartPoint], _ series: ChartSeries, _ markup: inout Markup
  ) {
    var path = ""
    var pieces: [[(Double, Double)]] = [[]]
    for point in points {
      if let place = place(point.x, point.y) {
        pieces[pieces.count - 1].append(place)
      } else if !pieces[pieces.count - 1].isEmpty {
        pieces.append([])
      }
    }
    for piece in pieces where !piece.isEmpty {
      path += Self.path(piece)
      // A lone point is a line of no length, which round ends make visible.
      if piece.count == 1 { path += "h0" }
    }
    if !path.isEmpty {
      markup.empty("path", ["class": "line s\(series.colorNumber)", "d": path])
    }
  }

  private func drawDots(_ points: [ChartPoint], _ series: ChartSeries, _ markup: inout Markup) {
    for point in points {
      guard let (x, y) = place(point.x, point.y) else { continue }
      dot(x, y, class: "f\(series.colorNumber)", &markup)
    }
  }

  private func drawBars(_ bars: [ChartSpan], _ series: ChartSeries, _ markup: inout Markup) {
    let bottom = Pixel.text(frame.bottom)
    let path = bars.compactMap { bar -> String? in
      guard bar.value > 0, let left = frame.x.pixel(bar.low), let right = frame.x.pixel(bar.high),
        let y = frame.y.pixel(bar.value)
      else { return nil }
      // What is there is seen, however little it is.
      let width = max(1, right - left - (right - left > 4 ? 1 : 0))
      let top = Pixel.text(min(y, frame.bottom - 1))
      return "M\(Pixel.text(left)) \(bottom)V\(top)h\(Pixel.text(width))V\(bottom)z"
    }.joined()
    if !path.isEmpty {
      markup.empty("path", ["class": "bars f\(series.colorNumber)", "d": path])
    }
  }

  private func drawBand(_ bands: [ChartBand], _ series: ChartSeries, _ markup: inout Markup) {
    let lower = bands.compactMap { place($0.x, $0.low) }
    let upper = bands.compactMap { place($0.x, $0.high) }
    guard lower.count > 1, upper.count > 1 else { return }
    markup.empty(
      "path",
      [
        "class": "band f\(series.colorNumber)",
        "d": Self.path(upper + lower.reversed()) + "z",
      ])
  }

  // MARK: Pieces

  private func place(_ x: Double, _ y: Double) -> (Double, Double)? {
    guard let left = frame.x.pixel(x), let top = frame.y.pixel(y) else { return nil }
    return (left, top)
  }

  private static func path(_ places: [(Double, Double)]) -> String {
    places.enumerated().map { index, place in
      "\(index == 0 ? "M" : "L")\(Pixel.text(place.0)) \(Pixel.text(place.1))"
    }.joined()
  }

  private func line(
    _ from: (Double, Double), _ to: (Double, Double), class name: String, _ markup: inout Markup
  ) {
    markup.empty(
      "line",
      [
        "class": name, "x1": Pixel.text(from.0), "y1": Pixel.text(from.1),
        "x2": Pixel.text(to.0), "y2": Pixel.text(to.1),
      ])
  }

  private func dot(_ x: Double, _ y: Double, class name: String, _ markup: inout Markup) {
    markup.empty(
      "circle", ["class": name, "cx": Pixel.text(x), "cy": Pixel.text(y), "r": "3.5"])
  }

  private func label(
    _ text: String, x: Double, y: Double, anchor: String = "start", class name: String,
    _ markup: inout Markup
  ) {
    markup.element(
      "text",
      ["class": name, "x": Pixel.text(x), "y": Pixel.text(y), "text-anchor": anchor], text)
  }
}

extension ChartSeries {
  fileprivate var colorNumber: Int { max(0, color) % PlotStyle.colorCount }

  fileprivate var fillName: String {
    if case .band = shape { return "band" }
    return "bars"
  }
}

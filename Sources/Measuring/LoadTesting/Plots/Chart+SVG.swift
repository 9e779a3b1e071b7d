import Reports

extension Chart {
  /// The plot as an SVG element, for a page that has `PlotStyle`'s colours and strokes.
  ///
  /// - Parameter isStandalone: with the title and the style in it, as a file of its own.
  package func svg(_ size: Size = .wide, isStandalone: Bool = false) -> String {
    var markup = Markup()
    PlotFrame.svg(&markup, size, title: title, summary: summary, isStandalone: isStandalone) {
      guard let frame = ChartFrame(self, size, showsTitle: isStandalone) else {
        $0.element("text", ["x": "12", "y": "40"], "nothing was measured that could be drawn")
        return
      }
      ChartDrawing(chart: self, frame: frame).draw(&$0)
    }
    return markup.text
  }
}

/// What every plot has around it.
enum PlotFrame {
  static func svg(
    _ markup: inout Markup, _ size: Chart.Size, title: String, summary: String,
    isStandalone: Bool, _ content: (inout Markup) -> Void
  ) {
    let (width, height) = (Pixel.text(size.width), Pixel.text(size.height))
    let attributes: Markup.Attributes = [
      "xmlns": "http://www.w3.org/2000/svg", "class": "plot", "role": "img",
      "viewBox": "0 0 \(width) \(height)", "width": width, "height": height,
    ]
    markup.element("svg", attributes) { markup in
      markup.element("title", title)
      markup.element("desc", summary)
      if isStandalone {
        markup.element("style") { $0.add(raw: PlotStyle.colors + PlotStyle.plots) }
        markup.empty("rect", ["class": "ground", "width": width, "height": height])
        markup.element("text", ["class": "title", "x": "4", "y": "16"], title)
      }
      content(&markup)
    }
  }
}

/// Coordinates as SVG has them: a tenth of a pixel is enough.
enum Pixel {
  static func text(_ value: Double) -> String {
    let text = Readable.decimal(value, places: 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

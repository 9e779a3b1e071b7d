/// One plot: what is drawn on which axes, and what it says to those who do not see it.
///
/// A value; `svg` draws it. Values without a place on an axis, infinite or below 0 on a logarithmic one,
/// are left out.
package struct Chart: Sendable {
  /// What it shows, as its heading says it.
  package var title: String
  /// What is to be seen, in a sentence or two; read out in place of the plot.
  package var summary: String
  package var x: ChartAxis
  package var y: ChartAxis
  package var series: [ChartSeries]
  /// Lines across the plot at single values.
  package var marks: [ChartMark] = []

  package init(title: String, summary: String, x: ChartAxis, y: ChartAxis, series: [ChartSeries]) {
    self.title = title
    self.summary = summary
    self.x = x
    self.y = y
    self.series = series
  }

  /// How much room a plot has; its texts keep their size.
  package struct Size: Sendable, Equatable {
    package let width: Double
    package let height: Double

    /// On a page, on paper.
    package static let wide = Size(width: 720, height: 300)
    /// Beside a table.
    package static let beside = Size(width: 500, height: 300)
    /// On a phone.
    package static let narrow = Size(width: 340, height: 260)

    package init(width: Double, height: Double) {
      self.width = width
      self.height = height
    }
  }
}

/// One axis.
package struct ChartAxis: Sendable {
  /// What its values are, which decides how ticks are labelled.
  package enum Kind: Sendable, Equatable {
    case number
    /// Milliseconds, each label with the unit that suits it.
    case duration
    /// 0 to 1, as percentages; the axis says so.
    case fraction
  }

  /// With its unit.
  package var label: String
  package var scale: PlotScale
  package var kind: Kind
  /// What it reaches over at least; the data decides about the rest.
  package var including: [Double]

  package init(
    _ label: String, scale: PlotScale = .linear, kind: Kind = .number, including: [Double] = []
  ) {
    self.label = label
    self.scale = scale
    self.kind = kind
    self.including = including
  }
}

/// What is drawn in one colour.
package struct ChartSeries: Sendable {
  package enum Shape: Sendable {
    /// A line through points; one that has no place interrupts it.
    case line([ChartPoint])
    /// The same with a dot at each point.
    case dottedLine([ChartPoint])
    case dots([ChartPoint])
    /// Bars from the bottom, each with its own width.
    case bars([ChartSpan])
    /// The space between two lines; `low` and `high` are values of y, `place` is of x.
    case band([ChartBand])
  }

  /// For the legend; empty where it needs none.
  package let name: String
  /// The number of its colour, from 0; beyond the last they begin again.
  package let color: Int
  package let shape: Shape

  package init(_ name: String, color: Int, _ shape: Shape) {
    self.name = name
    self.color = color
    self.shape = shape
  }
}

package struct ChartPoint: Sendable, Equatable {
  package let x: Double
  package let y: Double

  package init(_ x: Double, _ y: Double) {
    self.x = x
    self.y = y
  }
}

/// A bar: from one value of x to another, so high.
package struct ChartSpan: Sendable, Equatable {
  package let low: Double
  package let high: Double
  package let value: Double

  package init(low: Double, high: Double, value: Double) {
    self.low = low
    self.high = high
    self.value = value
  }
}

/// What lies between two values at one place.
package struct ChartBand: Sendable, Equatable {
  package let x: Double
  package let low: Double
  package let high: Double

  package init(x: Double, low: Double, high: Double) {
    self.x = x
    self.low = low
    self.high = high
  }
}

/// A line across the plot, with a word at its end.
package struct ChartMark: Sendable, Equatable {
  package enum Direction: Sendable { case vertical, horizontal }

  package let direction: Direction
  package let value: Double
  package let text: String

  package init(_ direction: Direction, at value: Double, _ text: String) {
    self.direction = direction
    self.value = value
    self.text = text
  }
}

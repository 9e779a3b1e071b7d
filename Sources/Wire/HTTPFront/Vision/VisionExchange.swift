import Inference

enum VisionExchange {
  static func begin(on connection: HTTPConnection, route: Route, _ shared: FrontShared) {}
}

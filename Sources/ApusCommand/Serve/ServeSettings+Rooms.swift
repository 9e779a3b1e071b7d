import HTTPFront
import Inference
import ModelStore
import Monitoring
import Serving
import Settings

/// What each room gets of the settings.
extension ServeSettings {
  var servingSettings: ServingSettings {
    var serving = ServingSettings(coreCount: machineCoreCount)
    serving.instanceCount = instances
    serving.waitingRequestsMax = waitingRequestsMax
    serving.waitingBytesMax = waitingBytesMax
    return serving
  }

  var limitsOfFront: HTTPLimits {
    var limits = HTTPLimits()
    limits.bodyBytesMax = bodyBytesMax
    limits.headerBytesMax = headerBytesMax
    limits.jsonDepthMax = jsonDepthMax
    limits.bytesPerSecondMin = bodyRateMin
    limits.connectionCountMax = connectionsMax
    return limits
  }
}
